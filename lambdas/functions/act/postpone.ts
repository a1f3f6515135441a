/**
 * Waiting. The message leaves the action queue, so that the device's other actions are not kept waiting behind it; the ledger
 * says when it is due, and a delayed evaluation of the user puts it in the queue again (docs/decisions/0007-waiting-actions.md).
 */

import type { LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { ActionState } from '#domain/actions/action';
import { backoff, nextTry } from '#domain/actions/retry';
import { type ActionEventAt, stepsThrough } from '#domain/actions/steps';
import type { ActionEvent } from '#domain/actions/transitions';
import type { ActResult } from '#use-cases/actions/end-action';
import { wake } from '#use-cases/actions/wake';
import type { ActDependencies } from './dependencies.ts';
import { resumeIfOver } from './source-pause.ts';

/** How each open state comes to wait. One that may have taken effect stays what it is: only reading settles it. */
const toWaiting: Partial<Record<ActionState, readonly ActionEvent[]>> = {
  requested: ['queue', 'wait'],
  queued: ['wait'],
  dispatched: ['postpone'],
};
/** `waitsFor` the source: what ends its pause has all sent that wait so, and no message is needed for each. */
type Postponement = {
  note: string;
  until?: number | null;
  atLeast?: number | undefined;
  steps?: readonly ActionEventAt[];
  waitsFor?: 'source';
};

export async function postpone(
  deps: ActDependencies,
  action: LedgerAction,
  { note, until = null, atLeast, steps = [], waitsFor }: Postponement,
): Promise<ActResult> {
  const now = deps.now();
  const wait =
    until === null ? backoff(Math.max(1, action.attempts), deps.random(), atLeast === undefined ? {} : { atLeast }) : until - now;
  const notBefore = nextTry(action, now, { wait: backoff(0, 0, { atLeast: wait }) });
  const before = stepsThrough(action, steps);
  const state = before.at(-1)?.state ?? action.state;
  const events = (toWaiting[state] ?? []).map((event) => ({ event, at: now, note }));
  const after = stepsThrough({ ...action, state }, events);
  const change = { steps: [...before, ...after], notBefore, claim: null, waitsFor: waitsFor ?? null };
  const waiting = await deps.ledger.advance(action, change);
  if (!waiting) return 'overtaken';
  if (waitsFor === 'source') await resumeIfOver(deps, action.sourceId);
  else await wake(deps, waiting, notBefore);
  return 'done';
}
