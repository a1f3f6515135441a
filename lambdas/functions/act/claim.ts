/** Holding an action: from the claim on it is this worker's, until it is done, lets go, or its time is over. */
import type { LedgerAction } from '#adapters/dynamodb/actions/ledger';
import { type ActionEventAt, stepsThrough } from '#domain/actions/steps';
import type { ActDependencies, Try } from './dependencies.ts';
import { happened } from './endings.ts';

/** How long a claim is honoured: longer than any write may take, short enough that a killed worker's action goes on soon. */
const claimMs = 40_000;
export const writeMs = 25_000;

/** Null when somebody else has written the action since it was read. */
export function claim(deps: ActDependencies, one: Try): Promise<LedgerAction | null> {
  const { action } = one;
  const steps = stepsThrough(action, toDispatched(deps, one));
  return deps.ledger.advance(action, {
    steps,
    attempts: action.attempts + 1,
    claim: claimOf(deps, one),
    notBefore: null,
  });
}

/** How each open state comes to be claimed: what has been dispatched before is settled by reading, not dispatched again. */
function toDispatched(deps: ActDependencies, { action, queuedAt }: Try): ActionEventAt[] {
  const dispatch = happened(deps, 'dispatch', `Claimed by ${deps.worker}.`);
  if (action.state === 'queued') return [dispatch];
  const since = Math.max(queuedAt, action.history.at(-1)?.at ?? queuedAt);
  if (action.state === 'requested' || action.state === 'waiting')
    return [{ event: 'queue', at: Math.min(since, dispatch.at), note: '' }, dispatch];
  return action.state === 'dispatched'
    ? [happened(deps, 'lose', 'The worker that held it is gone; reading tells how far it came.')]
    : [];
}

const claimOf = (deps: ActDependencies, { until }: Try) => ({ by: deps.worker, until: Math.min(until, deps.now() + claimMs) });

/** Reading may have taken long: nothing is written under a claim that could end before the answer comes. */
export async function heldLongEnough(deps: ActDependencies, one: Try): Promise<Try | null> {
  const left = (one.action.claim?.until ?? 0) - deps.now();
  if (left >= writeMs) return one;
  const action = await deps.ledger.advance(one.action, { steps: [], claim: claimOf(deps, one) });
  return action && { ...one, action };
}
