/** The next steps of an attempt, built from the events that lead to them. The caller supplies the sentences. */

import type { Action, ActionState, Shown, Step } from '#domain/actions/action';
import { isWipe, traitsOf } from '#domain/actions/action-types';
import { stepsThrough } from '#domain/actions/apply-events';
import type { Attempt, Decision, EndOther, Moment, StepOf } from '#domain/actions/attempt';
import { isNewer, supersedes } from '#domain/actions/readiness';
import { backoff, nextTry, withinLimits } from '#domain/actions/retry';
import type { ActionEvent } from '#domain/actions/transitions';

export type EventWithNote = readonly [event: ActionEvent, note: string];

export const only = (step: Decision['step']): Decision => ({ first: [], step });
export const startOver: Decision = only({ do: 'start-over' });

/** The state of the action, including steps that are not stored yet. */
export const stateOf = ({ action, tried }: Pick<Attempt, 'action' | 'tried'>): ActionState =>
  (tried.what === 'written' ? tried.steps.at(-1)?.state : undefined) ?? action.state;

/** The steps that are not stored yet, followed by those for these events. */
export function stepsFor(attempt: Attempt, events: readonly EventWithNote[], now: number): Step[] {
  const { action, tried } = attempt;
  const unsaved = tried.what === 'written' ? tried.steps : [];
  const about = { type: action.type, state: stateOf(attempt) };
  return [
    ...unsaved,
    ...stepsThrough(
      about,
      events.map(([event, note]) => ({ event, note, at: now })),
    ),
  ];
}

const unsavedBefore = ({ tried }: Attempt): Shown | null => (tried.what === 'written' ? tried.before : null);

type Ending = { before?: Shown; after?: Shown | null };

/** The end of the action. `before`: what the server showed before any write, if that is not stored yet. */
export function end(
  attempt: Attempt,
  events: readonly EventWithNote[],
  { before, after = null, now }: Ending & { now: number },
): Decision {
  const steps = stepsFor(attempt, events, now);
  const state = steps.at(-1)?.state ?? attempt.action.state;
  const first = cancelledWipes(attempt, state, now);
  const alsoEnded = first.map(({ actionId }) => actionId);
  return { first, step: { do: 'end', state, steps, before: before ?? unsavedBefore(attempt), after, alsoEnded } };
}

/** The events that lead from each state to waiting. An action that may have taken effect keeps its state until it is read. */
const toWaiting: Record<ActionState, readonly ActionEvent[]> = {
  ...{ requested: ['queue', 'wait'], queued: ['wait'], dispatched: ['postpone'] },
  ...{ waiting: [], unknown: [], applied: [], delivered: [] },
  ...{ confirmed: [], wiped: [], superseded: [], cancelled: [], expired: [], failed: [] },
};

/** `until`: epoch ms; without it, backoff of at least `atLeast` ms. `events`: what happens before it waits. */
type Waiting = { note: string; until?: number; atLeast?: number | undefined; events?: readonly EventWithNote[]; for?: 'source' };

/** The action waits: never longer than one delayed message allows, nor past its deadline. */
export function waitStep(attempt: Attempt, waiting: Waiting, { now, random }: Moment): StepOf<'wait'> {
  const { note, until, atLeast = 0, events = [], for: waitsFor = null } = waiting;
  const { action } = attempt;
  const wait = until === undefined ? backoff(Math.max(1, action.attempts), random, { atLeast }) : until - now;
  const state = stepsFor(attempt, events, now).at(-1)?.state ?? stateOf(attempt);
  const all = [...events, ...toWaiting[state].map((event): EventWithNote => [event, note])];
  const notBefore = nextTry(action, now, { wait: withinLimits(wait) });
  return { do: 'wait', steps: stepsFor(attempt, all, now), before: unsavedBefore(attempt), notBefore, waitsFor };
}

export const wait = (attempt: Attempt, waiting: Waiting, moment: Moment): Decision => only(waitStep(attempt, waiting, moment));

/** A wipe on the server is read at least this often, even if no gather does it. */
const wipeReadMs = 3_600_000;

/** The wipe stays open: each gather reads its device, and a change resumes the wipe. */
export function follow(
  attempt: Attempt,
  events: readonly EventWithNote[],
  { shown, now }: { shown: Shown; now: number },
): Decision {
  const notBefore = Math.min(now + wipeReadMs, attempt.action.expiresAt);
  return only({ do: 'follow', steps: stepsFor(attempt, events, now), before: unsavedBefore(attempt), shown, notBefore });
}

/** The attempt as it is once these steps are stored. */
export function recorded(attempt: Attempt, steps: readonly Step[], before: Shown | null): Attempt {
  const { action } = attempt;
  const state = steps.at(-1)?.state ?? action.state;
  return { ...attempt, action: { ...action, state, history: [...action.history, ...steps], before: before ?? action.before } };
}

/** Ends the actions that the claimed one supersedes: they are never carried out. */
export function supersededBy({ action, open }: Attempt, now: number): EndOther[] {
  const note = supersededNote(action);
  return open.filter((other) => supersedes(action, other)).map((other) => endOther(other, ['supersede', note], now));
}

export const supersededNote = ({ type, actionId }: Pick<Action, 'type' | 'actionId'>): string =>
  `A newer request, ${type} ${actionId}, takes its place.`;

function endOther(other: Action, [event, note]: EventWithNote, now: number): EndOther {
  const [step] = stepsThrough(other, [{ event, note, at: now }]);
  if (!step) throw new Error('One event makes one step');
  return { effect: 'end-other', actionId: other.actionId, step };
}

/** Ends the wipes that a confirmed cancel-wipe has cancelled, before it ends itself, so that a crash cannot leave them open. */
function cancelledWipes({ action, open }: Attempt, state: ActionState, now: number): EndOther[] {
  if (!traitsOf(action.type).cancelsWipes || state !== 'confirmed') return [];
  const note = `Taken back by cancel-wipe ${action.actionId} before the phone fetched it.`;
  return open
    .filter((other) => isWipe(other) && other.state === 'applied' && isNewer(action, other))
    .map((wipe) => endOther(wipe, ['take-back', note], now));
}
