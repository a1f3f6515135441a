/** Sends users, or everyone at a source, to evaluation. Sent twice, they are evaluated twice with the same result. */

import type { SQSClient } from '@aws-sdk/client-sqs';
import { parts } from '#adapters/list-parts';
import { inLanes, type Outgoing, type Queue, sqsQueue } from '#adapters/queues';
import type { UserKey } from '#domain/devices/device';
import type { EvaluationMessage } from '#domain/messages/queue-messages';

export type EvaluationsQueue = ReturnType<typeof evaluationsQueue>;
type Sending = { delaySeconds?: number; bulk?: boolean };

type Addresses = { EVALUATIONS_QUEUE_URL: string; BULK_EVALUATIONS_QUEUE_URL: string };

/** The evaluations queue and its bulk queue, from the environment. */
export const evaluationLanes = (environment: Addresses, client?: SQSClient): Queue =>
  inLanes(sqsQueue(environment.EVALUATIONS_QUEUE_URL, client), sqsQueue(environment.BULK_EVALUATIONS_QUEUE_URL, client));

/** The message to send; one of a bulk goes to the bulk queue. `delaySeconds`: at most 900. */
export const evaluationOutgoing = (body: EvaluationMessage, delaySeconds = 0): Outgoing => ({
  body,
  ...(delaySeconds > 0 ? { delaySeconds } : {}),
  ...(body.kind === 'users' && body.bulk ? { bulk: true } : {}),
});

/**
 * Collects the users of many requests, to send them once all requests are stored: one message for up to fifty of them instead of
 * one each. A caller that crashes before `send` repeats the requests, and so the sending.
 */
export function evaluationsTogether(evaluations: Pick<EvaluationsQueue, 'users'>) {
  const wanted: { users: readonly UserKey[]; cause: string; delaySeconds: number; bulk: boolean }[] = [];
  return {
    users: async (users: readonly UserKey[], cause: string, { delaySeconds = 0, bulk = false }: Sending = {}) => {
      wanted.push({ users, cause, delaySeconds, bulk });
    },
    async send(): Promise<void> {
      const alike = Map.groupBy(wanted.splice(0), ({ cause, delaySeconds, bulk }) => `${delaySeconds} ${bulk} ${cause}`);
      for (const group of alike.values()) {
        const users = group.flatMap((one) => one.users);
        const [first] = group;
        if (first) await evaluations.users(users, first.cause, first);
      }
    },
  };
}

const usersPerMessage = 50;

export function evaluationsQueue(queue: Queue) {
  const send = (messages: EvaluationMessage[], delaySeconds?: number) =>
    queue.send(messages.map((body) => evaluationOutgoing(body, delaySeconds)));
  return {
    /** `cause`: the reason, as text for the log; no personal data. `delaySeconds`: at most 900. `bulk`: part of a bulk. */
    users: (users: readonly UserKey[], cause: string, { delaySeconds, bulk }: Sending = {}): Promise<void> =>
      send(userMessages(users, { cause, ...(bulk ? { bulk } : {}) }), delaySeconds),
    everyone: (sourceIds: readonly string[], cause: string): Promise<void> =>
      send(sourceIds.map((sourceId) => ({ kind: 'everyone', sourceId, cause }))),
  };
}

function userMessages(users: readonly UserKey[], about: { cause: string; bulk?: true }): EvaluationMessage[] {
  return [...Map.groupBy(users, (key) => key.sourceId)].flatMap(([sourceId, keys]) => {
    const names = [...new Set(keys.map((key) => key.user))];
    return parts(names, usersPerMessage).map((users) => ({ kind: 'users' as const, sourceId, users, ...about }));
  });
}
