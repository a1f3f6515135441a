/**
 * How an action is sent to the action queue: one group per device, so that a device's actions are processed in order, one at a
 * time.
 */

import type { SQSClient } from '@aws-sdk/client-sqs';
import type { LedgerAction } from '#adapters/dynamodb/actions/ledger-item';
import { deviceHash, fingerprint } from '#adapters/fingerprint';
import { inLanes, type Outgoing, type Queue, sqsQueue } from '#adapters/queues';
import type { Action } from '#domain/actions/action';
import type { DeviceKey } from '#domain/devices/device';
import type { ActionMessage } from '#domain/messages/queue-messages';
import type { RelayResult } from '#domain/relay/relay-protocol';

type Addresses = { ACTIONS_QUEUE_URL: string; BULK_ACTIONS_QUEUE_URL: string };

/** The action queue and its bulk queue, from the environment. */
export const actionLanes = (environment: Addresses, client?: SQSClient): Queue =>
  inLanes(sqsQueue(environment.ACTIONS_QUEUE_URL, client), sqsQueue(environment.BULK_ACTIONS_QUEUE_URL, client));

/**
 * The same attempt of the same action is one message, however often it is sent (SQS deduplicates for five minutes). When a
 * message is received too early, the action's wait is written again, perhaps with the same time: the next message must then have
 * another deduplication id, or SQS would drop it.
 */
export function actionOutgoing(action: Action & Partial<Pick<LedgerAction, 'revision'>>): Outgoing {
  const { sourceId, user, deviceId, actionId, attempts, notBefore, claim, revision, bulk } = action;
  const many = bulk ? { bulk } : {};
  const body: ActionMessage = { sourceId, user, deviceId, actionId, ...many };
  const written = notBefore === null ? [] : [revision];
  return {
    body,
    group: groupOf({ sourceId, user, deviceId }),
    deduplication: fingerprint(JSON.stringify([actionId, attempts, notBefore, claim?.until ?? null, ...written])),
    ...many,
  };
}

/** The result of an attempt by a relay, for the worker. The same message of the same relay is deduplicated. */
export function resultOutgoing(target: DeviceKey, actionId: string, result: RelayResult & { n: number }): Outgoing {
  const { n, ...rest } = result;
  const body: ActionMessage = { ...target, actionId, result: rest };
  return { body, group: groupOf(target), deduplication: fingerprint(JSON.stringify([result.relayId, n])) };
}

const groupOf = ({ sourceId, user, deviceId }: DeviceKey): string =>
  fingerprint(`${sourceId}\u0000${deviceHash({ user, deviceId })}`);
