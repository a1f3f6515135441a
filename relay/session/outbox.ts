/**
 * Messages that have to arrive: kept until the cloud has acknowledged their number, sent again, with the same number, over each
 * new connection and after a while over the same one. In order of their numbers; only `window` of them are under way at once, the
 * rest waits. Bounded: a caller that hands over more than `limit` without waiting is refused.
 */
import type { SocketId } from '../connection/states.ts';

type Entry = {
  n: number;
  text: string;
  /** The connection it last went over; null: not yet sent. */
  over: SocketId | null;
  sentAt: number;
  tries: number;
  settled: PromiseWithResolvers<void>;
};

export type OutboxOptions = {
  send(socket: SocketId, text: string): void;
  resendMs: number;
  window?: number;
  limit?: number;
  /** Monotonic, ms. */
  now(): number;
  /** One more was sent again. */
  resent?(): void;
};

export class TooMuchUnderWay extends Error {
  override readonly name = 'TooMuchUnderWay';
}

export type Outbox = {
  /** Resolves when acknowledged. Rejects with the signal's reason when given up, with TooMuchUnderWay when full. */
  add(n: number, text: string, signal?: AbortSignal): Promise<void>;
  acknowledge(acks: readonly number[]): void;
  /** Where to send from now on; what is under way goes there again, but for what is still awaited over another connection. */
  route(socket: SocketId | null, awaited?: SocketId | null): void;
  /** Nothing more is to be expected over this connection: what it owes goes over the present one. */
  giveUp(socket: SocketId): void;
  /** Sends again what has waited too long. To be called every now and then. */
  nudge(): void;
  /** How many that last went over this connection are unacknowledged. */
  owedOver(socket: SocketId): number;
  readonly size: number;
};

/** After each try over the same connection the next waits twice as long, up to this many times. */
const slowestFactor = 8;

export function createOutbox({ send, resendMs, window = 32, limit = 1_000, now, resent = () => {} }: OutboxOptions): Outbox {
  /** In order of numbers, since they are given in order. */
  const entries = new Map<number, Entry>();
  let socket: SocketId | null = null;

  function transmit(entry: Entry, to: SocketId): void {
    if (entry.over !== null) resent();
    entry.tries = entry.over === to ? entry.tries + 1 : 1;
    entry.over = to;
    entry.sentAt = now();
    send(to, entry.text);
  }

  const underWay = () => entries.values().take(window);

  function fill(): void {
    if (socket === null) return;
    for (const entry of underWay()) if (entry.over === null) transmit(entry, socket);
  }

  return {
    async add(n, text, signal) {
      signal?.throwIfAborted();
      if (entries.size >= limit) throw new TooMuchUnderWay(`${limit} messages wait for the cloud’s acknowledgement`);
      const entry: Entry = { n, text, over: null, sentAt: 0, tries: 0, settled: Promise.withResolvers() };
      const abandon = () => {
        entries.delete(n);
        entry.settled.reject(signal?.reason);
        fill();
      };
      signal?.addEventListener('abort', abandon, { once: true });
      entries.set(n, entry);
      fill();
      try {
        await entry.settled.promise;
      } finally {
        signal?.removeEventListener('abort', abandon);
      }
    },
    acknowledge(acks) {
      for (const n of acks) {
        entries.get(n)?.settled.resolve();
        entries.delete(n);
      }
      fill();
    },
    route(to, awaited = null) {
      socket = to;
      if (to === null) return;
      for (const entry of underWay())
        if (entry.over === null || (entry.over !== to && entry.over !== awaited)) transmit(entry, to);
    },
    giveUp(lost) {
      if (socket === null || socket === lost) return;
      for (const entry of underWay()) if (entry.over === lost) transmit(entry, socket);
    },
    nudge() {
      if (socket === null) return;
      for (const entry of underWay()) {
        const patience = resendMs * Math.min(slowestFactor, 2 ** (entry.tries - 1));
        if (entry.over === socket && now() - entry.sentAt >= patience) transmit(entry, socket);
      }
    },
    owedOver: (of) => [...entries.values()].filter(({ over }) => over === of).length,
    get size() {
      return entries.size;
    },
  };
}
