/** What each event does in each state (states.ts). An event that a state does not list leaves the state unchanged. */
import { drainingCells, renewingCells } from './hand-over-events.ts';
import { liveCells, restingCells } from './live-events.ts';
import {
  type Cells,
  type Effect,
  type Event,
  type EventType,
  type Given,
  type State,
  type StateName,
  type Step,
  timersOf,
} from './states.ts';
import { connecting, cutOff, rejectCloud, stopped, takeOver, waiting, wrongCloud } from './transitions.ts';

export function step(state: State, event: Event, given: Given): Step {
  const next = cellOf(state, event, given) ?? { state, effects: [] };
  const forgotten = timersOf[state.name].filter((timer) => !timersOf[next.state.name].includes(timer));
  return { state: next.state, effects: [...forgotten.map((timer): Effect => ({ do: 'clear', timer })), ...next.effects] };
}

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
      socket === state.socket ? waiting(state, { last: wrongCloud, chance }, rejectCloud(socket)) : null,
    dismissed: (state, { socket, ending }, { chance }) =>
      socket === state.socket ? waiting(state, { last: ending, chance }, [{ do: 'close', socket }]) : null,
    closed: (state, { socket, ending }, { chance }) =>
      socket === state.socket ? waiting(state, { last: ending, chance }) : null,
  },

  live: liveCells,
  renewing: { ...renewingCells },
  'renewing-greeting': { ...renewingCells },
  resting: restingCells,
  draining: drainingCells,

  leaving: {
    timer: (state, { timer }) => (timer === 'leave' ? stopped(state, [{ do: 'drop', socket: state.socket }]) : null),
    closed: (state, { socket }) => (socket === state.socket ? stopped(state) : null),
  },

  stopped: {},
};

/** The only lookup of a cell: the row by the state's name, the cell by the event's type, so that both types match. */
function cellOf(state: State, event: Event, given: Given): Step | null {
  const row: { [T in EventType]?: (state: never, event: never, given: Given) => Step | null } = cells[state.name];
  return row[event.type]?.(state as never, event as never, given) ?? null;
}
