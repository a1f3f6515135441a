/**
 * The conversation over the connections: first hello and the cloud's proof, then heartbeats, and messages that are numbered, kept
 * until acknowledged, and handled once. Which connection messages go over is decided in routing.ts.
 *
 * Invariants: before the cloud has proven its identity on a connection, only hello is sent over it, and nothing received from it
 * counts; a delivered message is redelivered until acknowledged, always with the same number; what the cloud wants acknowledged is
 * acknowledged only once it is safe here; an unexpected error is logged, and is a problem until the same work succeeds.
 */
import type { Connection } from '../connection/connection.ts';
import type { Speaker } from '../connection/speaker.ts';
import type { Link } from '../ports.ts';
import { createAcknowledgements } from './acknowledgements.ts';
import { createCloudClock } from './cloud-clock.ts';
import { createCommands } from './commands.ts';
import { createFailures } from './failures.ts';
import { receive } from './incoming.ts';
import { createLeaseKeeper } from './lease.ts';
import { createOutbox } from './outbox.ts';
import { greet, linkOf, ping, send, sendAcknowledgements } from './outgoing.ts';
import { unrouted } from './routing.ts';
import { applyRouting, problemsOf, type SessionOptions, type SessionState } from './session-state.ts';

export type SessionView = {
  holding: boolean;
  following: boolean;
  fence: number | null;
  unacknowledged: number;
  clockOffsetMs: number | null;
  lastPongAt: number | null;
  advice: string | null;
};

export type Session = {
  speaker: Speaker;
  link: Link;
  /** Call it before anything happens. */
  attach(connection: Pick<Connection, 'happened' | 'send'>): void;
  /** The cloud's clock from the response to a handshake, epoch ms. */
  clock(epochMs: number): void;
  view(): SessionView;
  /** Current problems, including those of the workers. */
  problems(): string[];
  /** Resolves when everything is acknowledged, or after `ms`. */
  flushed(ms: number): Promise<void>;
  stop(): void;
};

export function createSession(options: SessionOptions): Session {
  const state = startState(options);
  const { outbox, acknowledgements, commands, clock, lease, link, current } = state;
  const redelivery = setInterval(() => outbox.redeliverOverdue(), Math.max(10, options.timing.resendMs / 4));
  redelivery.unref();
  return {
    speaker: speakerOf(state),
    link,
    attach(connection) {
      current.connection = connection;
    },
    clock: clock.seen,
    view: () => ({
      ...lease.view(),
      unacknowledged: outbox.size,
      clockOffsetMs: clock.offset(),
      lastPongAt: current.lastPongAt,
      advice: current.advice,
    }),
    problems: () => problemsOf(state),
    flushed: (ms) => flushed(state, ms),
    stop() {
      clearInterval(redelivery);
      acknowledgements.stop();
      commands.stop();
    },
  };
}

function startState(options: SessionOptions): SessionState {
  const { workers, timing, metrics, now, log } = options;
  const failures = createFailures(log);
  const link = linkOf(() => state);
  const acknowledgements = createAcknowledgements({
    ackMs: timing.ackMs,
    send: (acks) => sendAcknowledgements(state, acks),
  });
  const state: SessionState = {
    ...options,
    peers: new Map(),
    lease: createLeaseKeeper(now),
    clock: createCloudClock(now),
    failures,
    outbox: createOutbox({
      send: (socket, text) => state.current.connection?.send(socket, text),
      resendMs: timing.resendMs,
      now: () => now().monotonic,
      resent: () => metrics.count('relay_messages_sent_again_total'),
    }),
    acknowledgements,
    link,
    commands: createCommands({ workers, link, acknowledge: acknowledgements.add, failures, metrics }),
    current: { connection: null, routing: unrouted, lastPongAt: null, advice: null },
  };
  return state;
}

function speakerOf(state: SessionState): Speaker {
  return {
    hello: (socket) => greet(state, socket),
    ping: (socket) => ping(state, socket),
    goodbye(socket, reason) {
      send(state, socket, { type: 'goodbye', n: state.numbers.next(), reason });
      applyRouting(state, { type: 'gone', socket });
    },
    route: (socket) => applyRouting(state, { type: 'route', socket }),
    drain: (socket) => applyRouting(state, { type: 'drain', socket }),
    message: (socket, data) => receive(state, socket, data),
    forget(socket) {
      state.peers.delete(socket);
      applyRouting(state, { type: 'gone', socket });
    },
  };
}

async function flushed({ acknowledgements, outbox, now }: SessionState, ms: number): Promise<void> {
  acknowledgements.flush();
  const until = now().monotonic + ms;
  while (outbox.size > 0 && now().monotonic < until) await new Promise((resolve) => setTimeout(resolve, 20));
}
