/**
 * Puts events on the bus. EventBridge takes ten entries and 256 KB a call and may refuse each entry by itself; a refused one is
 * sent again with full-jitter backoff. Events that share an `order` are never in one call together, and a later one is not sent
 * before the earlier ones were taken: so they reach the bus in the order in which they were given.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';

export type BusEvent = {
  id: string;
  /** Its detail-type. */
  type: string;
  /** Epoch ms. */
  at: number;
  detail: Record<string, unknown>;
  /** What it is in order with, a device for instance. */
  order: string;
};
export type Bus = {
  /** Answers the ids that were not taken after all tries, and of events that had to wait for those. Does not throw. */
  put(events: readonly BusEvent[]): Promise<ReadonlyMap<string, string>>;
};

const source = 'extender';
const mostEntries = 10;
const mostBytes = 256 * 1024;
const tries = 6;
const longestWaitMs = 2_000;

type Waiting = { event: BusEvent; entry: PutEventsRequestEntry; bytes: number };
export type BusOptions = { random?: () => number; wait?: (ms: number) => Promise<unknown> };

export function eventBus(
  client: EventBridgeClient,
  busName: string,
  { random = Math.random, wait = pause }: BusOptions = {},
): Bus {
  /** Why each entry was refused, in the entries' order; null for those that were taken. */
  async function send(entries: PutEventsRequestEntry[]): Promise<(string | null)[]> {
    try {
      const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: entries }));
      return entries.map((_, index) => {
        const result = Entries[index];
        if (result?.EventId !== undefined) return null;
        return `${result?.ErrorCode ?? 'no answer'}: ${result?.ErrorMessage ?? 'EventBridge did not say what became of it'}`;
      });
    } catch (error) {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return entries.map(() => reason);
    }
  }

  return {
    async put(events) {
      const refused = new Map<string, string>();
      let waiting = events.map((event) => waitingOf(event, busName));
      for (const { event, bytes } of waiting)
        if (bytes > mostBytes) refused.set(event.id, `It has ${bytes} bytes; EventBridge takes ${mostBytes} at most.`);
      let failures = 0;
      while (waiting.length > 0) {
        waiting = withoutFollowers(waiting, refused);
        const batch = nextBatch(waiting);
        if (batch.length === 0) break;
        const results = await send(batch.map(({ entry }) => entry));
        const taken = new Set(batch.filter((_, index) => results[index] === null));
        waiting = waiting.filter((one) => !taken.has(one));
        if (taken.size === batch.length) {
          failures = 0;
          continue;
        }
        failures++;
        if (failures >= tries)
          batch.forEach(({ event }, index) => {
            const reason = results[index];
            if (reason !== null && reason !== undefined) refused.set(event.id, reason);
          });
        else await wait(random() * Math.min(longestWaitMs, 50 * 2 ** failures));
      }
      return refused;
    },
  };
}

function waitingOf(event: BusEvent, busName: string): Waiting {
  const { type, at, detail } = event;
  const Detail = JSON.stringify(detail);
  const entry = { Source: source, DetailType: type, Detail, Time: new Date(at), EventBusName: busName };
  // As EventBridge counts: 14 bytes for the time.
  return { event, entry, bytes: 14 + [source, type, Detail].reduce((sum, text) => sum + Buffer.byteLength(text), 0) };
}

/** The first of each order, as many as a call takes. */
function nextBatch(waiting: readonly Waiting[]): Waiting[] {
  const batch: Waiting[] = [];
  const orders = new Set<string>();
  let bytes = 0;
  for (const one of waiting) {
    if (orders.has(one.event.order)) continue;
    if (batch.length === mostEntries || bytes + one.bytes > mostBytes) break;
    orders.add(one.event.order);
    batch.push(one);
    bytes += one.bytes;
  }
  return batch;
}

/** Leaves out what was given up, and marks as given up what would overtake it. */
function withoutFollowers(waiting: readonly Waiting[], refused: Map<string, string>): Waiting[] {
  if (refused.size === 0) return [...waiting];
  const stopped = new Set<string>();
  return waiting.filter(({ event }) => {
    if (refused.has(event.id)) {
      stopped.add(event.order);
      return false;
    }
    if (!stopped.has(event.order)) return true;
    refused.set(event.id, 'An earlier event of the same device was not taken.');
    return false;
  });
}
