/** What each event does in each state (states.ts). An event that a state does not name leaves it as it is. */
import { delay } from './backoff.ts';
import type { Ending } from './close-policy.ts';
import {
  type Effect,
  type Event,
  type EventType,
  type Given,
  type In,
  type State,
  type StateName,
  type Step,
  timersOf,
} from './states.ts';

type Of<T extends EventType> = Extract<Event, { type: T }>;
type Cells<N extends StateName> = { [T in EventType]?: (state: In<N>, event: Of<T>, given: Given) => Step | null };

export function step(state: State, event: Event, given: Given): Step {
  const next = cellOf(state, event, given) ?? { state, effects: [] };
  const forgotten = timersOf[state.name].filter((timer) => !timersOf[next.state.name].includes(timer));
  return { state: next.state, effects: [...forgotten.map((timer): Effect => ({ do: 'clear', timer })), ...next.effects] };
}

const cutOff = (why: 'silent' | 'unwelcome'): Ending => ({ why, pace: 'soon' });

function connecting({ opened, failures }: State, { timing }: Given): Step {
  const socket = opened + 1;
  return {
    state: { name: 'connecting', opened: socket, failures, socket },
    effects: [
      { do: 'open', socket },
      { do: 'set', timer: 'open', ms: timing.openMs },
    ],
  };
}

function waiting({ opened, failures }: State, { last, chance }: { last: Ending; chance: number }, effects: Effect[] = []): Step {
  const ms = delay(last.pace, { failures, chance });
  return {
    state: { name: 'waiting', opened, failures: failures + 1, last },
    effects: [...effects, { do: 'set', timer: 'retry', ms }],
  };
}

const stopped = ({ opened, failures }: State, effects: Effect[] = []): Step => ({
  state: { name: 'stopped', opened, failures },
  effects,
});

/** The socket is live from now on: what goes out goes there, and it is watched. */
function takeOver(socket: number, { timing, chance }: Given): Effect[] {
  return [
    { do: 'route', socket },
    { do: 'set', timer: 'beat', ms: timing.heartbeatMs },
    { do: 'set', timer: 'silence', ms: timing.silenceMs },
    { do: 'set', timer: 'settled', ms: timing.settledMs },
    // Not all relays at once, and early enough for several tries.
    { do: 'set', timer: 'life', ms: Math.round(timing.lifeMs * (0.85 - 0.1 * chance)) },
  ];
}

function leaving({ opened, failures, socket }: In<'live'> | In<'resting'>, { timing }: Given, effects: Effect[] = []): Step {
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

type Live = In<'live' | 'renewing' | 'renewing-greeting' | 'resting' | 'draining'>;

const beat = (state: Live, { timing }: Given): Step => ({
  state,
  effects: [
    { do: 'ping', socket: state.socket },
    { do: 'set', timer: 'beat', ms: timing.heartbeatMs },
  ],
});
const settled = (state: Live): Step => ({ state: { ...state, failures: 0 }, effects: [] });
const heard = (state: Live, socket: number, { timing }: Given): Step | null =>
  socket === state.socket ? { state, effects: [{ do: 'set', timer: 'silence', ms: timing.silenceMs }] } : null;

function renewing({ opened, failures, socket }: Live, { timing }: Given): Step {
  const next = opened + 1;
  return {
    state: { name: 'renewing', opened: next, failures, socket, next },
    effects: [
      { do: 'open', socket: next },
      { do: 'set', timer: 'open', ms: timing.openMs },
    ],
  };
}

/** The new socket did not come to be: the old one goes on meanwhile. */
function resting(
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

/** The old socket is gone before the new one is live: the new one is all there is now. */
function onlyNext({ name, opened, failures, next }: In<'renewing' | 'renewing-greeting'>, effects: Effect[] = []): Step {
  const instead = name === 'renewing' ? 'connecting' : 'greeting';
  return { state: { name: instead, opened, failures, socket: next }, effects: [{ do: 'route', socket: null }, ...effects] };
}

function drained({ opened, failures, socket, old }: In<'draining'>): { state: In<'live'>; effects: Effect[] } {
  return {
    state: { name: 'live', opened, failures, socket },
    effects: [
      { do: 'goodbye', socket: old, reason: 'hand-over' },
      { do: 'close', socket: old },
    ],
  };
}

/** One step, and another from where it led. */
function together<S extends State>(first: { state: S; effects: Effect[] }, then: (state: S) => Step): Step {
  const second = then(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

/** Of a socket that is being opened, alone or beside a live one. */
const sayFarewell = (socket: number): Effect[] => [
  { do: 'goodbye', socket, reason: 'wrong-cloud' },
  { do: 'close', socket },
];
const wrongCloud: Ending = { why: 'wrong-cloud', pace: 'slow' };
const routeNone: Effect = { do: 'route', socket: null };

/** The only live socket ended, or is given up. */
const lost = (state: In<'live' | 'resting'>, last: Ending, { chance }: Given, effects: Effect[] = []): Step =>
  waiting(state, { last, chance }, [...effects, routeNone]);

const renewingCells: Cells<'renewing' | 'renewing-greeting'> = {
  stop: (state, _, given) => leaving({ ...state, name: 'live' }, given, [{ do: 'drop', socket: state.next }]),
  timer: (state, { timer }, given) => {
    if (timer === 'beat') return beat(state, given);
    if (timer === 'settled') return settled(state);
    if (timer === 'silence') return onlyNext(state, [{ do: 'drop', socket: state.socket }]);
    if (timer === 'open')
      return resting(state, { last: cutOff('unwelcome'), chance: given.chance }, [{ do: 'drop', socket: state.next }]);
    return null;
  },
  opened: (state, { socket }) =>
    socket === state.next && state.name === 'renewing'
      ? { state: { ...state, name: 'renewing-greeting' }, effects: [{ do: 'hello', socket }] }
      : null,
  welcomed: ({ name, opened, failures, socket: old, next }, { socket }, given) =>
    socket === next && name === 'renewing-greeting'
      ? {
          state: { name: 'draining', opened, failures, socket: next, old },
          effects: [
            { do: 'drain', socket: old },
            ...takeOver(next, given),
            { do: 'set', timer: 'drain', ms: given.timing.drainMs },
          ],
        }
      : null,
  foreign: (state, { socket }, { chance }) =>
    socket === state.next ? resting(state, { last: wrongCloud, chance }, sayFarewell(socket)) : null,
  heard: (state, { socket }, given) => heard(state, socket, given),
  dismissed: (state, { socket, ending }, { chance }) => {
    if (socket === state.next) return resting(state, { last: ending, chance }, [{ do: 'close', socket }]);
    return socket === state.socket && ending.pace !== 'now' ? onlyNext(state, [{ do: 'close', socket }]) : null;
  },
  closed: (state, { socket, ending }, { chance }) => {
    if (socket === state.next) return resting(state, { last: ending, chance }, []);
    return socket === state.socket ? onlyNext(state) : null;
  },
};

const cells: { [N in StateName]: Cells<N> } = {
  idle: { start: (state, _, given) => connecting(state, given), stop: (state) => stopped(state) },

  waiting: {
    stop: (state) => stopped(state),
    timer: (state, { timer }, given) => (timer === 'retry' ? connecting(state, given) : null),
  },

  connecting: {
    stop: (state) => stopped(state, [{ do: 'drop', socket: state.socket }]),
    timer: (state, { timer }, { chance }) =>
      timer === 'open'
        ? waiting(state, { last: { why: 'unreachable', pace: 'soon', detail: 'no answer in time' }, chance }, [
            { do: 'drop', socket: state.socket },
          ])
        : null,
    opened: (state, { socket }) =>
      socket === state.socket ? { state: { ...state, name: 'greeting' }, effects: [{ do: 'hello', socket }] } : null,
    closed: (state, { socket, ending }, { chance }) =>
      socket === state.socket ? waiting(state, { last: ending, chance }) : null,
  },

  greeting: {
    stop: (state) => stopped(state, [{ do: 'drop', socket: state.socket }]),
    timer: (state, { timer }, { chance }) =>
      timer === 'open' ? waiting(state, { last: cutOff('unwelcome'), chance }, [{ do: 'drop', socket: state.socket }]) : null,
    welcomed: ({ opened, failures, socket: own }, { socket }, given) =>
      socket === own ? { state: { name: 'live', opened, failures, socket }, effects: takeOver(socket, given) } : null,
    foreign: (state, { socket }, { chance }) =>
      socket === state.socket ? waiting(state, { last: wrongCloud, chance }, sayFarewell(socket)) : null,
    dismissed: (state, { socket, ending }, { chance }) =>
      socket === state.socket ? waiting(state, { last: ending, chance }, [{ do: 'close', socket }]) : null,
    closed: (state, { socket, ending }, { chance }) =>
      socket === state.socket ? waiting(state, { last: ending, chance }) : null,
  },

  live: {
    stop: (state, _, given) => leaving(state, given),
    timer: (state, { timer }, given) => {
      if (timer === 'beat') return beat(state, given);
      if (timer === 'settled') return settled(state);
      if (timer === 'life') return renewing(state, given);
      if (timer === 'silence') return lost(state, cutOff('silent'), given, [{ do: 'drop', socket: state.socket }]);
      return null;
    },
    heard: (state, { socket }, given) => heard(state, socket, given),
    dismissed: (state, { socket, ending }, given) => {
      if (socket !== state.socket) return null;
      return ending.pace === 'now' ? renewing(state, given) : lost(state, ending, given, [{ do: 'close', socket }]);
    },
    closed: (state, { socket, ending }, given) => (socket === state.socket ? lost(state, ending, given) : null),
  },

  renewing: { ...renewingCells },
  'renewing-greeting': { ...renewingCells },

  resting: {
    stop: (state, _, given) => leaving(state, given),
    timer: (state, { timer }, given) => {
      if (timer === 'beat') return beat(state, given);
      if (timer === 'settled') return settled(state);
      if (timer === 'retry') return renewing(state, given);
      if (timer === 'silence') return lost(state, cutOff('silent'), given, [{ do: 'drop', socket: state.socket }]);
      return null;
    },
    heard: (state, { socket }, given) => heard(state, socket, given),
    dismissed: (state, { socket, ending }, given) =>
      socket === state.socket && ending.pace !== 'now' ? lost(state, ending, given, [{ do: 'close', socket }]) : null,
    closed: (state, { socket, ending }, given) => (socket === state.socket ? lost(state, ending, given) : null),
  },

  draining: {
    stop: (state, _, given) => leaving({ ...state, name: 'live' }, given, [{ do: 'drop', socket: state.old }]),
    timer: (state, { timer }, given) => {
      if (timer === 'beat') return beat(state, given);
      if (timer === 'settled') return settled(state);
      if (timer === 'drain') return drained(state);
      if (timer === 'life') return together(drained(state), (live) => renewing(live, given));
      if (timer === 'silence')
        return waiting(state, { last: cutOff('silent'), chance: given.chance }, [
          { do: 'drop', socket: state.socket },
          { do: 'drop', socket: state.old },
          routeNone,
        ]);
      return null;
    },
    heard: (state, { socket }, given) => heard(state, socket, given),
    drained: (state) => drained(state),
    dismissed: (state, { socket, ending }, { chance }) => {
      if (socket === state.old) return drained(state);
      if (socket !== state.socket) return null;
      return waiting(state, { last: ending, chance }, [{ do: 'close', socket }, { do: 'close', socket: state.old }, routeNone]);
    },
    closed: (state, { socket, ending }, { chance }) => {
      if (socket === state.old) return { state: { name: 'live', ...liveOf(state) }, effects: [] };
      if (socket !== state.socket) return null;
      return waiting(state, { last: ending, chance }, [{ do: 'close', socket: state.old }, routeNone]);
    },
  },

  leaving: {
    timer: (state, { timer }) => (timer === 'leave' ? stopped(state, [{ do: 'drop', socket: state.socket }]) : null),
    closed: (state, { socket }) => (socket === state.socket ? stopped(state) : null),
  },

  stopped: {},
};

const liveOf = ({ opened, failures, socket }: In<'draining'>) => ({ opened, failures, socket });

/** The one place where a cell is looked up by names that belong together: the state's and the event's own. */
function cellOf(state: State, event: Event, given: Given): Step | null {
  const row: { [T in EventType]?: (state: never, event: never, given: Given) => Step | null } = cells[state.name];
  return row[event.type]?.(state as never, event as never, given) ?? null;
}
