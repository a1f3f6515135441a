/**
 * Which connection messages go over: (state, event) -> state and effects. Nothing here has side effects; session.ts has them.
 *
 * | mode | entered when | while in it | left when |
 * |---|---|---|---|
 * | unrouted (`routed` null) | created; the only connection ended | messages wait | route to a socket |
 * | routed | route to a socket | messages go there; the workers resume once, as soon as the lease is held | route elsewhere or to null |
 * | draining (`draining` set) | drain | acknowledgements over that socket are still awaited there | none is missing: drained; it is gone |
 *
 * Invariants: `resumed` is a socket that was routed, and the workers resume at most once for each; `drained` is raised once for each
 * drain, and never for a socket that is gone; a message is never awaited over a socket that is gone.
 */
import type { SocketId } from '../connection/states.ts';

export type RoutingState = {
  /** Where messages go. */
  routed: SocketId | null;
  /** An older connection whose acknowledgements are still awaited. */
  draining: SocketId | null;
  /** The newest connection for which the workers were resumed. */
  resumed: SocketId | null;
};

export type RoutingEvent =
  | { type: 'route'; socket: SocketId | null }
  | { type: 'drain'; socket: SocketId }
  /** Its goodbye was sent, or it ended: no more acknowledgements can arrive over it. */
  | { type: 'gone'; socket: SocketId }
  /** The cloud acknowledged messages. */
  | { type: 'acknowledged' }
  /** The cloud sent something about the lease. */
  | { type: 'lease' };

export type RoutingEffect =
  /** Sends there from now on; unacknowledged messages are redelivered, except those awaited over `awaited`. */
  | { do: 'route'; socket: SocketId | null; awaited: SocketId | null }
  /** Redelivers what is unacknowledged over this connection over the current one. */
  | { do: 'redeliver'; lost: SocketId }
  | { do: 'acknowledge' }
  | { do: 'resume' }
  | { do: 'drained' };

/** `unacknowledged`: number of messages over the draining connection. */
export type RoutingFacts = { holdsLease: boolean; unacknowledged: number };
type Step = { state: RoutingState; effects: RoutingEffect[] };

export const unrouted: RoutingState = { routed: null, draining: null, resumed: null };

export function stepRouting(state: RoutingState, event: RoutingEvent, facts: RoutingFacts): Step {
  return handlers[event.type](state, event as never, facts);
}

const handlers: {
  [T in RoutingEvent['type']]: (state: RoutingState, event: Extract<RoutingEvent, { type: T }>, facts: RoutingFacts) => Step;
} = {
  route(state, { socket }, facts) {
    const routed = { ...state, routed: socket };
    const effects: RoutingEffect[] = [{ do: 'route', socket, awaited: state.draining }];
    if (socket === null) return { state: routed, effects };
    return whatIsDue(routed, facts, [...effects, { do: 'acknowledge' }]);
  },
  drain: (state, { socket }) => ({ state: { ...state, draining: socket }, effects: [] }),
  gone: (state, { socket }) => ({
    state: { ...state, draining: state.draining === socket ? null : state.draining },
    effects: [{ do: 'redeliver', lost: socket }],
  }),
  acknowledged: (state, _, { unacknowledged }) => whatIsDue(state, { holdsLease: false, unacknowledged }),
  lease: (state, _, { holdsLease }) => whatIsDue(state, { holdsLease, unacknowledged: Number.POSITIVE_INFINITY }),
};

/** Both only while there is a connection: the resumption once for each, the end of the drain once. */
function whatIsDue(state: RoutingState, { holdsLease, unacknowledged }: RoutingFacts, effects: RoutingEffect[] = []): Step {
  const { routed, resumed, draining } = state;
  if (routed === null) return { state, effects };
  const resumes = holdsLease && resumed !== routed;
  const drained = draining !== null && unacknowledged === 0;
  return {
    state: { routed, resumed: resumes ? routed : resumed, draining: drained ? null : draining },
    effects: [...effects, ...(resumes ? [{ do: 'resume' } as const] : []), ...(drained ? [{ do: 'drained' } as const] : [])],
  };
}
