/**
 * The states of an action, as one table: for each state, what each event leads to. Everything else is refused, and the caller
 * records the refusal. The table is checked when this file is loaded: every state is reachable and, unless final, can be left;
 * every event is used.
 */

import { type ActionState, type ActionType, actionState } from '#domain/actions/action';
import { isWipe } from '#domain/actions/action-types';
import { type Table, transitionFaults } from '#domain/actions/transition-check';

/** What can happen to an action. The documentation shows the sentences (docs/action-states.md). */
export const actionEvents = {
  queue: 'Its message is in the action queue (first, or again after waiting).',
  wait: 'It cannot go out now: relay away, server busy, not before a given time, or not before a person confirms it.',
  dispatch: 'A worker has claimed it and is about to act.',
  'already-so': 'Read before acting: the device is in the wanted state, nothing was written.',
  postpone: 'The server answered that it did nothing for now (busy, throttled): later again.',
  lose: 'No answer came, or the worker was lost: the effect may or may not be there.',
  'find-undone': 'Read after losing the answer: the effect is not there, it goes again.',
  apply: 'The server accepted it (or, after losing the answer, the effect was found).',
  confirm: 'Read back: the device shows the effect.',
  deliver: 'Wipe only: the device has fetched the command.',
  wipe: 'Wipe only: the device reports that it was wiped.',
  'take-back': 'Wipe only: a cancel-wipe took it back before the device fetched it.',
  supersede: 'A newer request for the same device takes its place.',
  cancel: 'It is no longer wanted.',
  expire: 'Its deadline passed before it went out.',
  fail: 'It cannot succeed, with a reason that a person can act on.',
} as const;
export type ActionEvent = keyof typeof actionEvents;
export type Transitions = Record<ActionState, Partial<Record<ActionEvent, ActionState>>>;
export type Refused = { refused: string };

const ended = { supersede: 'superseded', cancel: 'cancelled', expire: 'expired', fail: 'failed' } as const;

export const transitions: Transitions = {
  requested: { queue: 'queued', ...ended },
  queued: { dispatch: 'dispatched', wait: 'waiting', ...ended },
  waiting: { queue: 'queued', ...ended },
  dispatched: {
    apply: 'applied',
    'already-so': 'confirmed',
    postpone: 'waiting',
    lose: 'unknown',
    fail: 'failed',
  },
  unknown: { apply: 'applied', 'find-undone': 'queued', fail: 'failed' },
  applied: { confirm: 'confirmed', deliver: 'delivered', 'take-back': 'superseded', fail: 'failed' },
  delivered: { wipe: 'wiped', fail: 'failed' },
  confirmed: {},
  wiped: {},
  superseded: {},
  cancelled: {},
  expired: {},
  failed: {},
};

export const firstState: ActionState = 'requested';
export const finalStates: readonly ActionState[] = ['confirmed', 'wiped', 'superseded', 'cancelled', 'expired', 'failed'];
const wipeOnly: readonly ActionEvent[] = ['deliver', 'wipe', 'take-back'];

/** The state that `event` leads to from `state`, or why it is refused. */
export function next(state: ActionState, event: ActionEvent): ActionState | Refused {
  const to = transitions[state][event];
  return to ?? { refused: `an action that is ${state} takes no "${event}"` };
}

/** As `next`, for an action of a known type: only a wipe can be delivered, wiped or cancelled on the server. */
export function nextOf({ state, type }: { state: ActionState; type: ActionType }, event: ActionEvent): ActionState | Refused {
  if (!isWipe({ type }) && wipeOnly.includes(event)) return { refused: `"${event}" happens to a wipe, not to "${type}"` };
  return next(state, event);
}

export const isRefused = (result: ActionState | Refused): result is Refused => typeof result !== 'string';
export const isFinal = (state: ActionState): boolean => finalStates.includes(state);

export const actionTable: Table<ActionState, ActionEvent> = {
  states: actionState.options,
  events: Object.keys(actionEvents) as ActionEvent[],
  first: firstState,
  finals: finalStates,
  moves: transitions,
};

const faults = transitionFaults(actionTable);
if (faults.length > 0) throw new Error(`The table of action transitions is wrong: ${faults.join('; ')}.`);
