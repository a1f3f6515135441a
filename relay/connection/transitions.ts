/** The steps that cells of the reducer share (reducer.ts): the next state of each, and its effects. Pure. */
import { delay } from './backoff.ts';
import type { Ending } from './close-policy.ts';
import type { Effect, Given, In, State, Step } from './states.ts';

export const cutOff = (why: 'silent' | 'unwelcome'): Ending => ({ why, pace: 'soon' });

export function connecting({ opened, failures }: State, { timing }: Given): Step {
  const socket = opened + 1;
  return {
    state: { name: 'connecting', opened: socket, failures, socket },
    effects: [
      { do: 'open', socket },
      { do: 'set', timer: 'open', ms: timing.openMs },
    ],
  };
}

export function waiting(
  { opened, failures }: State,
  { last, chance }: { last: Ending; chance: number },
  effects: Effect[] = [],
): Step {
  const ms = delay(last.pace, { failures, chance });
  return {
    state: { name: 'waiting', opened, failures: failures + 1, last },
    effects: [...effects, { do: 'set', timer: 'retry', ms }],
  };
}

export const stopped = ({ opened, failures }: State, effects: Effect[] = []): Step => ({
  state: { name: 'stopped', opened, failures },
  effects,
});

/** Makes the socket live: messages go there, and it is monitored. */
export function takeOver(socket: number, { timing, chance }: Given): Effect[] {
  return [
    { do: 'route', socket },
    { do: 'set', timer: 'beat', ms: timing.heartbeatMs },
    { do: 'set', timer: 'silence', ms: timing.silenceMs },
    { do: 'set', timer: 'settled', ms: timing.settledMs },
    // Not all relays at once, and early enough for several tries.
    { do: 'set', timer: 'life', ms: Math.round(timing.lifeMs * (0.85 - 0.1 * chance)) },
  ];
}

export function leaving(
  { opened, failures, socket }: In<'live'> | In<'resting'>,
  { timing }: Given,
  effects: Effect[] = [],
): Step {
  return {
    state: { name: 'leaving', opened, failures, socket },
    effects: [
      ...effects,
      { do: 'route', socket: null },
      { do: 'goodbye', socket, reason: 'stop' },
      { do: 'close', socket },
      { do: 'set', timer: 'leave', ms: timing.leaveMs },
    ],
  };
}

export type Live = In<'live' | 'renewing' | 'renewing-greeting' | 'resting' | 'draining'>;

export const beat = (state: Live, { timing }: Given): Step => ({
  state,
  effects: [
    { do: 'ping', socket: state.socket },
    { do: 'set', timer: 'beat', ms: timing.heartbeatMs },
  ],
});
export const resetFailures = (state: Live): Step => ({ state: { ...state, failures: 0 }, effects: [] });
export const pongReceived = (state: Live, socket: number, { timing }: Given): Step | null =>
  socket === state.socket ? { state, effects: [{ do: 'set', timer: 'silence', ms: timing.silenceMs }] } : null;

export function renewing({ opened, failures, socket }: Live, { timing }: Given): Step {
  const next = opened + 1;
  return {
    state: { name: 'renewing', opened: next, failures, socket, next },
    effects: [
      { do: 'open', socket: next },
      { do: 'set', timer: 'open', ms: timing.openMs },
    ],
  };
}

/** The new socket could not be opened: continue on the old one. */
export function resting(
  { opened, failures, socket }: Live,
  { last, chance }: { last: Ending; chance: number },
  effects: Effect[],
): Step {
  const ms = delay(last.pace, { failures, chance });
  return {
    state: { name: 'resting', opened, failures: failures + 1, socket },
    effects: [...effects, { do: 'set', timer: 'retry', ms }],
  };
}

/** The old socket ended before the new one is live: only the new one is left. */
export function onlyNext({ name, opened, failures, next }: In<'renewing' | 'renewing-greeting'>, effects: Effect[] = []): Step {
  const instead = name === 'renewing' ? 'connecting' : 'greeting';
  return { state: { name: instead, opened, failures, socket: next }, effects: [{ do: 'route', socket: null }, ...effects] };
}

export function drained({ opened, failures, socket, old }: In<'draining'>): { state: In<'live'>; effects: Effect[] } {
  return {
    state: { name: 'live', opened, failures, socket },
    effects: [
      { do: 'goodbye', socket: old, reason: 'hand-over' },
      { do: 'close', socket: old },
    ],
  };
}

/** Performs one step, then another from the resulting state. */
export function andThen<S extends State>(first: { state: S; effects: Effect[] }, then: (state: S) => Step): Step {
  const second = then(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

/** For a socket that is being opened, alone or beside a live one. */
export const rejectCloud = (socket: number): Effect[] => [
  { do: 'goodbye', socket, reason: 'wrong-cloud' },
  { do: 'close', socket },
];
export const wrongCloud: Ending = { why: 'wrong-cloud', pace: 'slow' };
export const routeNone: Effect = { do: 'route', socket: null };

/** The only live socket ended, or is abandoned. */
export const lost = (state: In<'live' | 'resting'>, last: Ending, { chance }: Given, effects: Effect[] = []): Step =>
  waiting(state, { last, chance }, [...effects, routeNone]);
