import type { LedgerAction } from '#adapters/dynamodb/actions/ledger';
import { evaluationOutgoing } from '#adapters/evaluations-queue';
import type { Queue } from '#adapters/queues';
import { delaySeconds } from '#domain/actions/retry';
import type { EvaluationMessage } from '#domain/messages/queue-messages';

/** Has the user evaluated at that time (epoch ms): the evaluation queues the actions that are due. */
export async function wake(deps: { evaluations: Queue; now(): number }, action: LedgerAction, at: number): Promise<void> {
  const { sourceId, user, type, bulk } = action;
  const cause = `${type} is due again`;
  const body: EvaluationMessage = { kind: 'users', sourceId, users: [user], cause, bulk };
  await deps.evaluations.send([evaluationOutgoing(body, delaySeconds(at, deps.now()))]);
}
