/**
 * One part of a bulk: requests its actions, or cancels those that were not sent yet. Each action is requested like a single one,
 * and once per id; so a part may be processed again from its beginning.
 */
import pMap from 'p-map';
import type { BulkStore } from '#adapters/dynamodb/actions/bulks';
import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import type { DecisionStore } from '#adapters/dynamodb/devices/decisions';
import { type EvaluationsQueue, evaluationsTogether } from '#adapters/evaluations-queue';
import { isRefused, nextOf } from '#domain/actions/transitions';
import type { Bulk, BulkMessage } from '#domain/messages/bulk';
import type { ActionRequested } from '#domain/messages/events-in';
import { cancelAction } from '#use-cases/actions/cancel-action';
import type { requestAction } from '#use-cases/actions/request-action';

export type PartDependencies = {
  bulks: Pick<BulkStore, 'read' | 'requestsOf' | 'markTaken'>;
  requestAction: ReturnType<typeof requestAction>;
  ledger: Pick<Ledger, 'read' | 'end'>;
  decisions: Pick<DecisionStore, 'withdrawOne'>;
  evaluations: Pick<EvaluationsQueue, 'users'>;
  now: () => number;
};

const actionsAtOnce = 16;
const rounds = 5;

/** Throws when a store cannot be reached: the message is then redelivered. */
export function workPart(deps: PartDependencies) {
  return async ({ bulkId, part, what }: BulkMessage): Promise<void> => {
    const [bulk, requests] = await Promise.all([deps.bulks.read(bulkId), deps.bulks.requestsOf(bulkId, part)]);
    // The bulk has expired: none of its actions is waiting any more.
    if (!bulk) return;
    if (what === 'take' && bulk.cancelledAt === null) return take(deps, { bulk, part, requests });
    await cancel(deps, { bulk, part, requests });
  };
}

type Part = { bulk: Bulk; part: number; requests: readonly ActionRequested[] };

async function take(deps: PartDependencies, { bulk, part, requests }: Part): Promise<void> {
  const evaluations = evaluationsTogether(deps.evaluations);
  const answers = await pMap(requests, (request) => deps.requestAction(request, { bulk: true, evaluations }), {
    concurrency: actionsAtOnce,
  });
  await evaluations.send();
  const refused = answers.flatMap((answer, index) =>
    answer.outcome === 'refused' ? [refusal(requests[index], `${answer.path}: ${answer.because}`)] : [],
  );
  await deps.bulks.markTaken(bulk.bulkId, part, refused);
}

async function cancel(deps: PartDependencies, { bulk, part, requests }: Part): Promise<void> {
  const evaluations = evaluationsTogether(deps.evaluations);
  const known = await pMap(requests, (request) => cancelOne({ ...deps, evaluations }, request, bulk), {
    concurrency: actionsAtOnce,
  });
  await evaluations.send();
  const never = requests.flatMap((request, index) =>
    known[index] ? [] : [refusal(request, 'called off before it was requested')],
  );
  await deps.bulks.markTaken(bulk.bulkId, part, never);
}

/** Names the device: the requester of a bulk often gave no action ids. */
const refusal = (request: ActionRequested | undefined, because: string) => {
  const { sourceId = '', user = '', deviceId = '' } = request?.target ?? {};
  return { actionId: request?.actionId ?? '', because: `${sourceId} ${user} ${deviceId}: ${because}` };
};

/** False when it was never requested. An action that was already sent cannot be cancelled and runs to its end. */
async function cancelOne(deps: PartDependencies, { actionId, target }: ActionRequested, bulk: Bulk): Promise<boolean> {
  const at = bulk.cancelledAt ?? deps.now();
  const by = bulk.cancelledBy ?? bulk.requestedBy;
  const note = `Called off by ${by}, with the whole bulk ${bulk.bulkId}.`;
  for (let round = 0; round < rounds; round++) {
    const action = await deps.ledger.read(actionId);
    if (!action) return false;
    if (isRefused(nextOf(action, 'cancel')) && action.state !== 'cancelled') return true;
    if (action.state === 'cancelled' || (await cancelAction(deps.ledger, action, { why: note, now: deps.now() }))) {
      // Withdraw the decision too: otherwise Auto-Quarantine would carry it out instead.
      await deps.decisions.withdrawOne(target, actionId, { at, by });
      await deps.evaluations.users([target], 'action cancelled', { bulk: true });
      return true;
    }
  }
  throw new Error(`Action ${actionId} was written by others ${rounds} times in a row. Its message comes again.`);
}
