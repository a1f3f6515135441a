/** What each event does while there are two sockets: the next one is being opened (renewing), or the old one drained (draining). */
import type { Cells, In } from './states.ts';
import {
  andThen,
  beat,
  cutOff,
  drained,
  leaving,
  onlyNext,
  pongReceived,
  rejectCloud,
  renewing,
  resetFailures,
  resting,
  routeNone,
  takeOver,
  waiting,
  wrongCloud,
} from './transitions.ts';

export const renewingCells: Cells<'renewing' | 'renewing-greeting'> = {
  stop: (state, _, given) => leaving({ ...state, name: 'live' }, given, [{ do: 'drop', socket: state.next }]),
  timer: (state, { timer }, given) => {
    if (timer === 'beat') return beat(state, given);
    if (timer === 'settled') return resetFailures(state);
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
    socket === state.next ? resting(state, { last: wrongCloud, chance }, rejectCloud(socket)) : null,
  heard: (state, { socket }, given) => pongReceived(state, socket, given),
  dismissed: (state, { socket, ending }, { chance }) => {
    if (socket === state.next) return resting(state, { last: ending, chance }, [{ do: 'close', socket }]);
    return socket === state.socket && ending.pace !== 'now' ? onlyNext(state, [{ do: 'close', socket }]) : null;
  },
  closed: (state, { socket, ending }, { chance }) => {
    if (socket === state.next) return resting(state, { last: ending, chance }, []);
    return socket === state.socket ? onlyNext(state) : null;
  },
};

export const drainingCells: Cells<'draining'> = {
  stop: (state, _, given) => leaving({ ...state, name: 'live' }, given, [{ do: 'drop', socket: state.old }]),
  timer: (state, { timer }, given) => {
    if (timer === 'beat') return beat(state, given);
    if (timer === 'settled') return resetFailures(state);
    if (timer === 'drain') return drained(state);
    if (timer === 'life') return andThen(drained(state), (live) => renewing(live, given));
    if (timer === 'silence')
      return waiting(state, { last: cutOff('silent'), chance: given.chance }, [
        { do: 'drop', socket: state.socket },
        { do: 'drop', socket: state.old },
        routeNone,
      ]);
    return null;
  },
  heard: (state, { socket }, given) => pongReceived(state, socket, given),
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
};

const liveOf = ({ opened, failures, socket }: In<'draining'>) => ({ opened, failures, socket });
