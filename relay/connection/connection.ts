/**
 * Performs what the reducer decides: opens and closes sockets, keeps its timers, and tells the session what it needs to know.
 * One event at a time; what happens while effects are performed waits its turn.
 */
import type { Log } from '../log/log.ts';
import { cures, type Ending } from './close-policy.ts';
import { step } from './reducer.ts';
import type { Socket, SocketEvents } from './socket.ts';
import { type ConnectionTiming, type Effect, type Event, initial, type SocketId, type State, type Timer } from './states.ts';

/** What the session does for a connection. */
export type Speaker = {
  hello(socket: SocketId): void;
  ping(socket: SocketId): void;
  goodbye(socket: SocketId, reason: 'stop' | 'hand-over' | 'wrong-cloud'): void;
  /** Messages go there from now on, and what is unacknowledged again, unless it is awaited elsewhere; null: they wait. */
  route(socket: SocketId | null): void;
  /**
   * What went over this socket is awaited there until its goodbye or end. Once nothing of it is unacknowledged,
   * `happened({ type: 'drained' })` is due.
   */
  drain(socket: SocketId): void;
  message(socket: SocketId, data: unknown): void;
  /** This socket is no more. */
  forget(socket: SocketId): void;
};

export type ConnectionOptions = {
  speaker: Speaker;
  /** Called anew for each try: identity and proxy may have changed. A failure counts as a failed try. */
  open(events: SocketEvents): Promise<Socket>;
  /** The cloud's clock as an answer showed it, epoch ms. */
  clock(epochMs: number): void;
  changed(state: State, before: State): void;
  timing: ConnectionTiming;
  log: Log;
  random?: () => number;
};

export type Connection = {
  happened(event: Event): void;
  send(socket: SocketId, text: string): void;
  readonly state: State;
  /** Resolves in `stopped`. */
  readonly stopped: Promise<void>;
};

export function createConnection({
  speaker,
  open,
  clock,
  changed,
  timing,
  log,
  random = Math.random,
}: ConnectionOptions): Connection {
  let state: State = initial;
  const sockets = new Map<SocketId, Socket>();
  /** Not yet there: those given up meanwhile are taken out of it. */
  const opening = new Set<SocketId>();
  const timers = new Map<Timer, NodeJS.Timeout>();
  const queue: Event[] = [];
  let busy = false;
  const stopped = Promise.withResolvers<void>();

  function happened(event: Event): void {
    queue.push(event);
    if (busy) return;
    busy = true;
    for (let next = queue.shift(); next; next = queue.shift()) take(next);
    busy = false;
  }

  function take(event: Event): void {
    const before = state;
    const { state: after, effects } = step(before, event, { timing, chance: random() });
    state = after;
    if (event.type === 'closed') speaker.forget(event.socket);
    if (before.name !== after.name) tell(before, after, event);
    for (const effect of effects) perform(effect);
    if (before !== after) changed(after, before);
    if (after.name === 'stopped') stopped.resolve();
  }

  function tell(before: State, after: State, event: Event): void {
    log.debug(`connection: ${before.name} -> ${after.name}`, { event: event.type });
    const ending = endingOf(event);
    if (after.name === 'waiting') {
      const { why, detail } = after.last;
      const cure = cures[why];
      log[cure ? 'warn' : 'info'](`not connected: ${why}`, {
        ...(detail ? { detail } : {}),
        tries: after.failures,
        ...(cure ? { cure } : {}),
      });
    } else if (after.name === 'live' && before.name === 'greeting') log.info('connected');
    else if (after.name === 'live' && before.name === 'draining') log.info('handed over to a new connection');
    else if (ending) log.info(`connection ended: ${ending.why}`, ending.detail ? { detail: ending.detail } : {});
  }

  const performers: { [D in Effect['do']]: (effect: Extract<Effect, { do: D }>) => void } = {
    open: ({ socket }) => void openSocket(socket),
    hello: ({ socket }) => speaker.hello(socket),
    ping: ({ socket }) => speaker.ping(socket),
    goodbye: ({ socket, reason }) => speaker.goodbye(socket, reason),
    close: ({ socket }) => close(socket),
    drop: ({ socket }) => drop(socket),
    route: ({ socket }) => speaker.route(socket),
    drain: ({ socket }) => speaker.drain(socket),
    set: ({ timer, ms }) => set(timer, ms),
    clear: ({ timer }) => clear(timer),
  };
  const perform = (effect: Effect) => performers[effect.do](effect as never);

  async function openSocket(id: SocketId): Promise<void> {
    const ended = (ending: Ending) => {
      sockets.delete(id);
      happened({ type: 'closed', socket: id, ending });
    };
    opening.add(id);
    try {
      const socket = await open({
        opened: () => happened({ type: 'opened', socket: id }),
        message: (data) => speaker.message(id, data),
        ended,
        clock,
      });
      sockets.set(id, socket);
      if (!opening.delete(id)) drop(id);
    } catch (error) {
      opening.delete(id);
      ended({ why: 'unreachable', pace: 'soon', detail: error instanceof Error ? error.message : 'could not be opened' });
    }
  }

  /** A close that is not answered ends all the same. */
  function close(id: SocketId): void {
    const socket = sockets.get(id);
    if (!socket) return void opening.delete(id);
    socket.close();
    setTimeout(() => sockets.has(id) && drop(id), timing.leaveMs).unref();
  }

  function drop(id: SocketId): void {
    const socket = sockets.get(id);
    if (!socket) return void opening.delete(id);
    sockets.delete(id);
    speaker.forget(id);
    socket.drop();
  }

  function set(timer: Timer, ms: number): void {
    clear(timer);
    timers.set(
      timer,
      setTimeout(() => {
        timers.delete(timer);
        happened({ type: 'timer', timer });
      }, ms),
    );
  }

  function clear(timer: Timer): void {
    clearTimeout(timers.get(timer));
    timers.delete(timer);
  }

  return {
    happened,
    send: (socket, text) => sockets.get(socket)?.send(text),
    get state() {
      return state;
    },
    stopped: stopped.promise,
  };
}

const endingOf = (event: Event): Ending | null => (event.type === 'closed' || event.type === 'dismissed' ? event.ending : null);
