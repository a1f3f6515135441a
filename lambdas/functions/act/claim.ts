/** Claims an action: from then on it belongs to this worker, until the action is done, is released, or the claim expires. */
import type { LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { ActionState } from '#domain/actions/action';
import { type ActionEventAt, stepsThrough } from '#domain/actions/apply-events';
import type { ActDependencies, Try } from './dependencies.ts';

/** How long a claim lasts, ms: longer than any write may take, short enough that a killed worker's action continues soon. */
const claimMs = 40_000;
export const writeMs = 25_000;

type Holder = { by: string; until: number };

/** Null when another writer changed the action since it was read. `until`: epoch ms. */
export function claim(deps: ActDependencies, held: Try, holder: Holder): Promise<LedgerAction | null> {
  const { action } = held.attempt;
  const claimed = { by: holder.by, at: deps.now(), queuedAt: held.queuedAt, action };
  return deps.ledger.advance(action, {
    steps: stepsThrough(action, toClaimed[action.state]?.(claimed) ?? []),
    attempts: action.attempts + 1,
    claim: claimOf(deps, holder),
    notBefore: null,
  });
}

type Claimed = { by: string; at: number; queuedAt: number; action: LedgerAction };
type ToClaimed = (claimed: Claimed) => ActionEventAt[];

const dispatch = ({ by, at }: Claimed): ActionEventAt => ({ event: 'dispatch', at, note: `Claimed by ${by}.` });
const queueAndDispatch: ToClaimed = (claimed) => {
  const { action, queuedAt, at } = claimed;
  const since = Math.max(queuedAt, action.history.at(-1)?.at ?? queuedAt);
  return [{ event: 'queue', at: Math.min(since, at), note: '' }, dispatch(claimed)];
};
const gone = 'The worker that held it is gone; reading tells how far it came.';

/**
 * How each open state becomes claimed: an action that was already dispatched is not dispatched again; its device is read first.
 */
const toClaimed: Partial<Record<ActionState, ToClaimed>> = {
  requested: queueAndDispatch,
  waiting: queueAndDispatch,
  queued: (claimed) => [dispatch(claimed)],
  dispatched: ({ at }) => [{ event: 'lose', at, note: gone }],
};

const claimOf = (deps: ActDependencies, { by, until }: Holder) => ({ by, until: Math.min(until, deps.now() + claimMs) });

/**
 * Reading may have taken long: nothing is written under a claim that could expire before the response. Null: the claim is lost.
 */
export async function renewedClaim(deps: ActDependencies, held: Try): Promise<Try | null> {
  const { action } = held.attempt;
  if ((action.claim?.until ?? 0) - deps.now() >= writeMs) return held;
  const renewed = await deps.ledger.advance(action, { steps: [], claim: claimOf(deps, { by: deps.worker, until: held.until }) });
  return renewed && { ...held, attempt: { ...held.attempt, action: renewed } };
}
