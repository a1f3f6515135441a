/**
 * When the steps of an action appear in its device's timeline. A worker writes an action several times within a second; its steps
 * are published together, a line each with its own time, once the action waits or ends. Steps that have no line yet are stored
 * with the action, so a killed worker loses none: the next write publishes them.
 */
import type { Action, Step } from '#domain/actions/action';
import { stepLine } from '#domain/actions/action-sentences';
import { isFinal } from '#domain/actions/transitions';
import type { TimelineEntry } from '#domain/journal/timeline';

/** `told`: how many steps have their line, also the next one's number. `untold`: those that have none yet, oldest first. */
export type TimelineState = { told: number; untold: Step[] };
export type TimelineUpdate = TimelineState & { lines: TimelineEntry[] };

/** A wait that is over before anybody could look has no write of its own. */
const momentMs = 10_000;
/** What keeps moving is published too: the lines of one write fit into one transaction. */
const mostUntold = 40;

/** `next`: the action as it is to be written, after `steps`. The line of an end is the caller's. */
export function timelineOfSteps(
  { told, untold }: TimelineState,
  { next, steps }: { next: Action; steps: readonly Step[] },
): TimelineUpdate {
  const due = [...untold, ...steps];
  if (!isFinal(next.state) && isMoving(next) && due.length < mostUntold) return { told, untold: due, lines: [] };
  return { told: told + due.length, untold: [], lines: linesOf(next, due, { from: told, after: next.after }) };
}

/** The lines of an action that is recorded for the first time: its request, and what happened to it by then. */
export const requestLines = (asked: Action): TimelineEntry[] => linesOf(asked, asked.history, { from: 0, after: null });

type Numbering = { from: number; after: Action['after'] };

/** What the server showed belongs to the last of them. */
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
