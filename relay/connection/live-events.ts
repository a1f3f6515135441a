/** What each event does while one socket is live: alone (live), or after opening the next one failed (resting). */
import type { Cells } from './states.ts';
import { beat, cutOff, leaving, lost, pongReceived, renewing, resetFailures } from './transitions.ts';

export const liveCells: Cells<'live'> = {
  stop: (state, _, given) => leaving(state, given),
  timer: (state, { timer }, given) => {
    if (timer === 'beat') return beat(state, given);
    if (timer === 'settled') return resetFailures(state);
    if (timer === 'life') return renewing(state, given);
    if (timer === 'silence') return lost(state, cutOff('silent'), given, [{ do: 'drop', socket: state.socket }]);
    return null;
  },
  heard: (state, { socket }, given) => pongReceived(state, socket, given),
  dismissed: (state, { socket, ending }, given) => {
    if (socket !== state.socket) return null;
    return ending.pace === 'now' ? renewing(state, given) : lost(state, ending, given, [{ do: 'close', socket }]);
  },
  closed: (state, { socket, ending }, given) => (socket === state.socket ? lost(state, ending, given) : null),
};

export const restingCells: Cells<'resting'> = {
  stop: (state, _, given) => leaving(state, given),
  timer: (state, { timer }, given) => {
    if (timer === 'beat') return beat(state, given);
    if (timer === 'settled') return resetFailures(state);
    if (timer === 'retry') return renewing(state, given);
    if (timer === 'silence') return lost(state, cutOff('silent'), given, [{ do: 'drop', socket: state.socket }]);
    return null;
  },
  heard: (state, { socket }, given) => pongReceived(state, socket, given),
  dismissed: (state, { socket, ending }, given) =>
    socket === state.socket && ending.pace !== 'now' ? lost(state, ending, given, [{ do: 'close', socket }]) : null,
  closed: (state, { socket, ending }, given) => (socket === state.socket ? lost(state, ending, given) : null),
};
