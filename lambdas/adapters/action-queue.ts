/** How an action goes to the action queue: one group per device, so that a device's actions go in order, one at a time. */
import { deviceHash, fingerprint } from '#adapters/fingerprint';
import type { Outgoing } from '#adapters/queues';
import type { Action } from '#domain/action';
import type { ActionMessage } from '#domain/messages';

/** The same try of the same action is one message, however often it is sent (within the five minutes that SQS remembers). */
export function actionOutgoing({ sourceId, user, deviceId, actionId, attempts, notBefore, claim }: Action): Outgoing {
  const body: ActionMessage = { sourceId, user, deviceId, actionId };
  return {
    body,
    group: fingerprint(`${sourceId}\u0000${deviceHash({ user, deviceId })}`),
    deduplication: fingerprint(JSON.stringify([actionId, attempts, notBefore, claim?.until ?? null])),
  };
}
