/**
 * Performs what the reducer decides (reducer.ts; states and invariants are in states.ts): opens and closes sockets, runs the timers,
 * and calls the session.
 *
 * Invariants: events are handled one at a time, and those that occur while effects are performed are queued; an effect that throws
 * or rejects is logged and ends its socket, so that the reducer continues and tries again.
 */
import type { Log } from '../log/log.ts';
import { logFailure } from '../log/log-failure.ts';
import { RelayRefusal } from '../refusal.ts';
import { logTransition } from './log-transition.ts';
import { step } from './reducer.ts';
import type { OpenConnection } from './socket.ts';
import { createSocketTable, type SocketTable } from './socket-table.ts';
import type { Speaker } from './speaker.ts';
import { type ConnectionTiming, type Effect, type Event, initial, type SocketId, type State } from './states.ts';
import { createTimers, type Timers } from './timers.ts';

export type ConnectionOptions = {
  speaker: Speaker;
  /** Called for each try: identity and proxy may have changed. A rejection counts as a failed try. */
  open: OpenConnection;
  /** The cloud's clock as a response showed it, epoch ms. */
  clock(epochMs: number): void;
  changed(state: State, before: State): void;
  timing: ConnectionTiming;
  log: Log;
  random?: () => number;
};

export type Connection = {
  /** Never throws. */
  happened(event: Event): void;
  send(socket: SocketId, text: string): void;
  readonly state: State;
  /** Resolves in `stopped`. */
  readonly stopped: Promise<void>;
};

type Work = () => void | Promise<void>;
/** `socket`: is closed if the work fails. */
type Concerning = { what: string; socket?: SocketId | null };
type Shell = ConnectionOptions & {
  current: { state: State; busy: boolean };
  queue: Event[];
  stopped: PromiseWithResolvers<void>;
  sockets: SocketTable;
  perform(effect: Effect): void | Promise<void>;
};

export function createConnection(options: ConnectionOptions): Connection {
  const { speaker, open, clock, timing } = options;
  const happened = (event: Event) => enqueue(shell, event);
  const sockets = createSocketTable({
    open,
    clock,
    leaveMs: timing.leaveMs,
    opened: (socket) => happened({ type: 'opened', socket }),
    message: (socket, data) => guard(shell, () => speaker.message(socket, data), { what: 'a message', socket }),
    closed: (socket, ending) => happened({ type: 'closed', socket, ending }),
    failed: (socket, error) => fail(shell, error, { what: 'opening a socket', socket }),
    dropped: (socket) => guard(shell, () => speaker.forget(socket), { what: 'the end of a socket' }),
  });
  const timers = createTimers((timer) => happened({ type: 'timer', timer }));
  const shell: Shell = {
    ...options,
    current: { state: initial, busy: false },
    queue: [],
    stopped: Promise.withResolvers(),
    sockets,
    perform: performing({ speaker, sockets, timers }),
  };
  return {
    happened,
    send: sockets.send,
    get state() {
      return shell.current.state;
    },
    stopped: shell.stopped.promise,
  };
}

function enqueue(shell: Shell, event: Event): void {
  const { current, queue } = shell;
  queue.push(event);
  if (current.busy) return;
  current.busy = true;
  try {
    for (let next = queue.shift(); next; next = queue.shift()) take(shell, next);
  } finally {
    current.busy = false;
  }
}

function take(shell: Shell, event: Event): void {
  const { current, speaker, timing, log, changed, perform, random = Math.random, stopped } = shell;
  const before = current.state;
  const { state: after, effects } = step(before, event, { timing, chance: random() });
  current.state = after;
  if (event.type === 'closed') guard(shell, () => speaker.forget(event.socket), { what: 'the end of a socket' });
  if (before.name !== after.name) logTransition(log, event, { before, after });
  for (const effect of effects)
    guard(shell, () => perform(effect), { what: effect.do, socket: 'socket' in effect ? effect.socket : null });
  if (before !== after) guard(shell, () => changed(after, before), { what: 'a change of state' });
  if (after.name === 'stopped') stopped.resolve();
}

/** Neither throws nor leaves a rejection unhandled. */
function guard(shell: Shell, work: Work, concerning: Concerning): void {
  try {
    const pending = work();
    if (pending instanceof Promise) pending.catch((error: unknown) => fail(shell, error, concerning));
  } catch (error) {
    fail(shell, error, concerning);
  }
}

function fail(shell: Shell, error: unknown, { what, socket = null }: Concerning): void {
  logFailure(shell.log, `connection: ${what} failed unexpectedly`, { error });
  if (socket === null) return;
  shell.sockets.drop(socket);
  const detail = error instanceof RelayRefusal ? error.message : error instanceof Error ? error.name : typeof error;
  enqueue(shell, { type: 'closed', socket, ending: { why: 'failed', pace: 'soon', detail } });
}

function performing({ speaker, sockets, timers }: { speaker: Speaker; sockets: SocketTable; timers: Timers }): Shell['perform'] {
  const performers: { [D in Effect['do']]: (effect: Extract<Effect, { do: D }>) => void | Promise<void> } = {
    open: ({ socket }) => sockets.open(socket),
    hello: ({ socket }) => speaker.hello(socket),
    ping: ({ socket }) => speaker.ping(socket),
    goodbye: ({ socket, reason }) => speaker.goodbye(socket, reason),
    close: ({ socket }) => sockets.close(socket),
    drop: ({ socket }) => sockets.drop(socket),
    route: ({ socket }) => speaker.route(socket),
    drain: ({ socket }) => speaker.drain(socket),
    set: ({ timer, ms }) => timers.set(timer, ms),
    clear: ({ timer }) => timers.clear(timer),
  };
  return (effect) => performers[effect.do](effect as never);
}
