/**
 * Puts events on the bus. EventBridge accepts ten entries and 256 KB per call and may reject single entries; a rejected one is
 * retried after a pause. Events that share an `order` are never in the same call, and a later one is not sent before the earlier
 * ones were accepted, so they reach the bus in the order of the list.
 */
import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';

export type BusEvent = {
  id: string;
  /** Its detail-type. */
  type: string;
  /** Epoch ms. */
  at: number;
  detail: Record<string, unknown>;
  /** Events with the same value are sent in order; for example those of one device. */
  order: string;
};
export type Bus = {
  /**
   * Returns the ids of events that were not accepted after all tries, and of those that waited for them, with the reason. Never
   * throws.
   */
  put(events: readonly BusEvent[]): Promise<ReadonlyMap<string, string>>;
};

const source = 'extender';
const mostEntries = 10;
const mostBytes = 256 * 1024;
const tries = 6;

const backoff: BackoffPolicy = { firstMs: 100, longestMs: 2_000, jitter: 'full' };

type Waiting = { event: BusEvent; entry: PutEventsRequestEntry; bytes: number };
export type BusOptions = { timing?: RetryTiming };

/** The bus of this name. `timing`: of retries. */
export function eventBus(client: EventBridgeClient, busName: string, { timing = realTiming }: BusOptions = {}): Bus {
  return {
    put: (events) =>
      putAll(
        client,
        events.map((event) => waitingOf(event, busName)),
        timing,
      ),
  };
}

async function putAll(client: EventBridgeClient, events: Waiting[], { random, pause }: RetryTiming) {
  const refused = new Map<string, string>();
  for (const { event, bytes } of events)
    if (bytes > mostBytes) refused.set(event.id, `It has ${bytes} bytes; EventBridge takes ${mostBytes} at most.`);
  let waiting = withoutFollowers(events, refused);
  for (let failures = 0; waiting.length > 0; waiting = withoutFollowers(waiting, refused)) {
    const batch = nextBatch(waiting);
    const reasons = await send(
      client,
      batch.map(({ entry }) => entry),
    );
    const accepted = new Set(batch.filter((_, index) => reasons[index] === null));
    waiting = waiting.filter((one) => !accepted.has(one));
    failures = accepted.size === batch.length ? 0 : failures + 1;
    if (failures >= tries) refuse(refused, batch, reasons);
    else if (failures > 0) await pause(backoffMs(backoff, failures, random()));
  }
  return refused;
}

function refuse(refused: Map<string, string>, batch: readonly Waiting[], reasons: readonly (string | null)[]): void {
  for (const [index, { event }] of batch.entries()) {
    const reason = reasons[index];
    if (reason !== null && reason !== undefined) refused.set(event.id, reason);
  }
}

/** Why each entry was rejected, in the order of the entries; null for accepted ones. */
async function send(client: EventBridgeClient, entries: PutEventsRequestEntry[]): Promise<(string | null)[]> {
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

function waitingOf(event: BusEvent, busName: string): Waiting {
  const { type, at, detail } = event;
  const Detail = JSON.stringify(detail);
  const entry = { Source: source, DetailType: type, Detail, Time: new Date(at), EventBusName: busName };
  // As EventBridge counts: 14 bytes for the time.
  return { event, entry, bytes: 14 + [source, type, Detail].reduce((sum, text) => sum + Buffer.byteLength(text), 0) };
}

/** The first event of each order, as many as fit one call. */
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

/** Removes rejected events, and rejects those that would overtake them. */
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
