/** Cancels an action that a person or a portal rule requested, if it was not sent yet. */
import type { Ledger, LedgerAction } from '#adapters/dynamodb/actions/ledger';
import { endingLine } from '#domain/actions/action-sentences';
import { stepsThrough } from '#domain/actions/apply-events';
import { isRefused, nextOf } from '#domain/actions/transitions';

/** The cancelled action; null when it was already sent, or another worker has just written it. Its effect is then read back. */
export async function cancelAction(
  { end }: Pick<Ledger, 'end'>,
  action: LedgerAction,
  { why, now }: { why: string; now: number },
): Promise<LedgerAction | null> {
  if (isRefused(nextOf(action, 'cancel'))) return null;
  const steps = stepsThrough(action, [{ event: 'cancel', at: now, note: why }]);
  const [last] = steps;
  if (!last) return null;
  return end(action, { steps, claim: null, notBefore: null, outcome: why }, (next) => endingLine(next, last));
}
