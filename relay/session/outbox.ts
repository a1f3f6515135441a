/**
 * Messages that have to arrive: kept until the cloud has acknowledged their number, redelivered with the same number over each new
 * connection, and after a while over the same one.
 *
 * - waiting: added, not yet sent: no connection, or `window` earlier ones are in transit.
 * - in transit: among the first `window`; sent over `over`, and again with backoff until acknowledged.
 * - gone: acknowledged, or its signal aborted.
 *
 * Invariants: messages are first sent in the order of their numbers; at most `window` are in transit and at most `limit` kept: a
 * caller that adds more without waiting is rejected.
 */
import { backoffMs } from '#domain/time/backoff';
import type { SocketId } from '../connection/states.ts';

type Entry = {
  n: number;
  text: string;
  /** The connection it was last sent over; null: not yet sent. */
  over: SocketId | null;
  sentAt: number;
  tries: number;
  acknowledged: PromiseWithResolvers<void>;
};

export type OutboxOptions = {
  send(socket: SocketId, text: string): void;
  resendMs: number;
  window?: number;
  limit?: number;
  /** Monotonic, ms. */
  now(): number;
  /** Called for each redelivery. */
  resent?(): void;
};

export class TooMuchUnderWay extends Error {
  override readonly name = 'TooMuchUnderWay';
}

export type Outbox = {
  /** Resolves when acknowledged. Rejects with the signal's reason when aborted, with TooMuchUnderWay when full. */
  add(n: number, text: string, signal?: AbortSignal): Promise<void>;
  acknowledge(acks: readonly number[]): void;
  /** Where to send from now on; messages in transit are redelivered there, except those still awaited over another connection. */
  route(socket: SocketId | null, awaited?: SocketId | null): void;
  /** No more acknowledgements can arrive over this connection: what is unacknowledged is redelivered over the current one. */
  abandon(socket: SocketId): void;
  /** Redelivers what has waited too long. Call it several times per `resendMs`. */
  redeliverOverdue(): void;
  /** Number of unacknowledged messages that were last sent over this connection. */
  unacknowledgedOver(socket: SocketId): number;
  readonly size: number;
};

type State = Required<OutboxOptions> & {
  /** In order of their numbers, since they are added in order. */
  readonly entries: Map<number, Entry>;
  socket: SocketId | null;
};

/** The wait doubles with each try over the same connection, up to this multiple of the first wait. */
const slowestFactor = 8;

export function createOutbox(options: OutboxOptions): Outbox {
  const state: State = { window: 32, limit: 1_000, resent: () => {}, ...options, entries: new Map(), socket: null };
  const { entries } = state;
  return {
    add: (n, text, signal) => add(state, newEntry(n, text), signal),
    acknowledge(acks) {
      for (const n of acks) {
        entries.get(n)?.acknowledged.resolve();
        entries.delete(n);
      }
      fill(state);
    },
    route(to, awaited = null) {
      state.socket = to;
      redeliver(state, ({ over }) => over === null || (over !== to && over !== awaited));
    },
    abandon(lost) {
      if (state.socket !== lost) redeliver(state, ({ over }) => over === lost);
    },
    redeliverOverdue: () => redeliver(state, (entry) => isOverdue(state, entry)),
    unacknowledgedOver: (of) => [...entries.values()].filter(({ over }) => over === of).length,
    get size() {
      return entries.size;
    },
  };
}

const newEntry = (n: number, text: string): Entry => ({
  ...{ n, text, over: null, sentAt: 0, tries: 0 },
  acknowledged: Promise.withResolvers(),
});

async function add(state: State, entry: Entry, signal?: AbortSignal): Promise<void> {
  const { entries, limit } = state;
  signal?.throwIfAborted();
  if (entries.size >= limit) throw new TooMuchUnderWay(`${limit} messages wait for the cloud’s acknowledgement`);
  const abandon = () => {
    entries.delete(entry.n);
    entry.acknowledged.reject(signal?.reason);
    fill(state);
  };
  signal?.addEventListener('abort', abandon, { once: true });
  entries.set(entry.n, entry);
  fill(state);
  try {
    await entry.acknowledged.promise;
  } finally {
    signal?.removeEventListener('abort', abandon);
  }
}

/** Sends what has become one of the first `window`. */
const fill = (state: State): void => redeliver(state, ({ over }) => over === null);

function redeliver(state: State, isDue: (entry: Entry) => boolean): void {
  const { entries, window, socket } = state;
  if (socket === null) return;
  for (const entry of entries.values().take(window)) if (isDue(entry)) transmit(state, entry, socket);
}

function transmit({ send, resent, now }: State, entry: Entry, to: SocketId): void {
  if (entry.over !== null) resent();
  entry.tries = entry.over === to ? entry.tries + 1 : 1;
  entry.over = to;
  entry.sentAt = now();
  send(to, entry.text);
}

function isOverdue({ resendMs, socket, now }: State, { over, sentAt, tries }: Entry): boolean {
  const waitMs = backoffMs({ firstMs: resendMs, longestMs: resendMs * slowestFactor, jitter: 'none' }, tries, 0);
  return over === socket && now() - sentAt >= waitMs;
}
