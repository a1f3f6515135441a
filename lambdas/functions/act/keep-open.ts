/**
 * How an action stays open. Its message leaves the action queue, so that the device's other actions do not wait behind it; the
 * ledger says when it is due, and a delayed evaluation of the user puts it in the queue again
 * (docs/decisions/0007-waiting-actions.md).
 */
import type { LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { StepOf } from '#domain/actions/attempt';
import type { ActResult } from '#use-cases/actions/end-action';
import { wake } from '#use-cases/actions/evaluate-later';
import type { ActDependencies, Try } from './dependencies.ts';
import { resumeIfOver } from './source-pause.ts';

const known = ({ before }: { before: LedgerAction['before'] }) => (before === null ? {} : { before });

/** An action that waits for its source needs no wake-up message: the end of the pause sends all of them. */
export async function waitInLedger(deps: ActDependencies, action: LedgerAction, step: StepOf<'wait'>): Promise<ActResult> {
  const { steps, notBefore, waitsFor } = step;
  const waiting = await deps.ledger.advance(action, { steps, notBefore, claim: null, waitsFor, ...known(step) });
  if (!waiting) return 'overtaken';
  if (waitsFor === 'source') await resumeIfOver(deps, action.sourceId);
  else await wake(deps, waiting, notBefore);
  return 'done';
}

export async function keepFollowing(deps: ActDependencies, { attempt }: Try, step: StepOf<'follow'>): Promise<ActResult> {
  const { action, device } = attempt;
  const { steps, shown, notBefore } = step;
  const outcome = { endedId: '', next: null, shown: { ...shown, at: deps.now() }, denial: undefined };
  if (device) await deps.devices.applyOutcome(device, outcome);
  const change = { steps, claim: null, notBefore, after: shown, ...known(step) };
  return (await deps.ledger.advance(action, change)) ? 'done' : 'overtaken';
}

export async function waitForConfirmation(
  deps: ActDependencies,
  action: LedgerAction,
  { steps, notBefore, askedAt, line }: StepOf<'ask-confirmation'>,
): Promise<ActResult> {
  const confirmation = { askedAt, confirmedBy: null, confirmedAt: null };
  const change = { steps, claim: null, notBefore, confirmation };
  return (await deps.ledger.end(action, change, () => line)) ? 'done' : 'overtaken';
}
