/**
 * When the steps of an action appear in its device's timeline. A worker writes an action several times within a second; the steps
 * are published together, one line each with its own time, once the action waits or ends. Steps without a line are stored with
 * the action, so none is lost when a worker is killed: the next write publishes them.
 */
import type { Action, Step } from '#domain/actions/action';
import { stepLine } from '#domain/actions/action-sentences';
import { isFinal } from '#domain/actions/transitions';
import type { TimelineEntry } from '#domain/journal/timeline';

/** `told`: how many steps have a line, and so the next line's number. `untold`: steps without a line, oldest first. */
export type TimelineState = { told: number; untold: Step[] };
export type TimelineUpdate = TimelineState & { lines: TimelineEntry[] };

/** A wait shorter than this is not published on its own: it is over before anyone could see it. */
const momentMs = 10_000;
/** With this many unpublished steps they are published even while the action moves, so that one write fits a transaction. */
const mostUnpublished = 40;

/** `next`: the action to be written, after `steps`. The caller adds the line for the end. */
export function timelineOfSteps(
  { told, untold }: TimelineState,
  { next, steps }: { next: Action; steps: readonly Step[] },
): TimelineUpdate {
  const due = [...untold, ...steps];
  if (!isFinal(next.state) && isMoving(next) && due.length < mostUnpublished) return { told, untold: due, lines: [] };
  return { told: told + due.length, untold: [], lines: linesOf(next, due, { from: told, after: next.after }) };
}

/** The lines of an action that is recorded for the first time: its request and any steps since. */
export const requestLines = (requested: Action): TimelineEntry[] =>
  linesOf(requested, requested.history, { from: 0, after: null });

type Numbering = { from: number; after: Action['after'] };

/** `after`, what the server showed, belongs to the last step. */
function linesOf(about: Action, steps: readonly Step[], { from, after }: Numbering): TimelineEntry[] {
  const last = steps.length - 1;
  return steps.flatMap((step, index) =>
    isFinal(step.state) ? [] : [stepLine(about, step, { number: from + index, after: index === last ? after : null })],
  );
}

/** Claimed, in the queue, or waiting for no more than a moment. */
function isMoving({ claim, state, notBefore, history }: Action): boolean {
  if (claim !== null || state === 'queued') return true;
  const since = history.at(-1)?.at ?? 0;
  return state === 'waiting' && notBefore !== null && notBefore - since < momentMs;
}
