/**
 * What a person can still do with a requested action: cancel it before it is sent, or confirm a wipe that the hourly limit holds
 * back. Both take the id and are idempotent.
 */

import type { Ledger, LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { DecisionStore } from '#adapters/dynamodb/devices/decisions';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import { isDecisionType, isWipe } from '#domain/actions/action-types';
import { stepsThrough } from '#domain/actions/apply-events';
import { isFinal } from '#domain/actions/transitions';
import { cancelAction } from '#use-cases/actions/cancel-action';

export type SteerDependencies = {
  ledger: Pick<Ledger, 'read' | 'advance' | 'end'>;
  decisions: Pick<DecisionStore, 'withdrawOne'>;
  evaluations: Pick<EvaluationsQueue, 'users'>;
  now: () => number;
};
/** `because`: why nothing was done, and what to do instead. */
export type Steered =
  | { outcome: 'done'; action: LedgerAction }
  | { outcome: 'unknown' }
  | { outcome: 'refused'; action: LedgerAction; because: string };

const rounds = 5;

/** Cancels it, with the decision of an approve or block: otherwise Auto-Quarantine would carry that out. */
export function cancelOnRequest(deps: SteerDependencies) {
  return (actionId: string, { by }: { by: string }): Promise<Steered> =>
    untilWritten(deps, actionId, async (action) => {
      const at = deps.now();
      if (isFinal(action.state) && action.state !== 'cancelled')
        return { outcome: 'refused', action, because: `it has ended already: ${action.state}` };
      const ended =
        action.state === 'cancelled' ? action : await cancelAction(deps.ledger, action, { why: `Called off by ${by}.`, now: at });
      if (ended === null) {
        const because = whyNotCancelled(action);
        return because === null ? null : { outcome: 'refused', action, because };
      }
      if (isDecisionType(action.type)) await deps.decisions.withdrawOne(action, actionId, { at, by });
      await deps.evaluations.users([action], 'action cancelled');
      return { outcome: 'done', action: ended };
    });
}

/** Why it cannot be cancelled; null when it was not sent: another worker has just written it. */
function whyNotCancelled({ state, type }: LedgerAction): string | null {
  if (state === 'requested' || state === 'queued' || state === 'waiting') return null;
  return isWipe({ type })
    ? 'the wipe has gone out; ask for cancel-wipe, which takes it back if the phone has not fetched it'
    : `it has gone out and comes to its end (${state}); ask for the opposite if that is wanted`;
}

/** A second call by a person: the wipe is sent now. */
export function confirmOnRequest(deps: SteerDependencies) {
  return (actionId: string, { by }: { by: string }): Promise<Steered> =>
    untilWritten(deps, actionId, async (action) => {
      const { confirmation } = action;
      if (confirmation?.confirmedAt) {
        await deps.evaluations.users([action], 'wipe confirmed');
        return { outcome: 'done', action };
      }
      if (!confirmation || action.state !== 'waiting')
        return { outcome: 'refused', action, because: `it does not wait for a confirmation: it is ${action.state}` };
      const at = deps.now();
      const confirmed = await deps.ledger.advance(action, {
        steps: stepsThrough(action, [{ event: 'queue', at, note: `Confirmed by ${by}; it goes out.` }]),
        notBefore: null,
        confirmation: { ...confirmation, confirmedBy: by, confirmedAt: at },
      });
      if (confirmed === null) return null;
      await deps.evaluations.users([action], 'wipe confirmed');
      return { outcome: 'done', action: confirmed };
    });
}

async function untilWritten(
  { ledger }: Pick<SteerDependencies, 'ledger'>,
  actionId: string,
  steer: (action: LedgerAction) => Promise<Steered | null>,
): Promise<Steered> {
  for (let round = 0; round < rounds; round++) {
    const action = await ledger.read(actionId);
    if (!action) return { outcome: 'unknown' };
    const steered = await steer(action);
    if (steered !== null) return steered;
  }
  throw new Error(`Action ${actionId} was written by others ${rounds} times in a row. Try again.`);
}
