/**
 * Processes a batch within the limits of its sources: devices concurrently, and for each source no more concurrent requests than
 * leased slots; over all workers never more than its configuration allows. A worker leases fewer slots than it has actions: while
 * one action waits for the database, another uses the slot, and more workers get some.
 *
 * For a source without a free slot we wait a moment. If none gets free, its actions leave the queue and wait in the ledger, and
 * for a while further actions of that source do so immediately: a slow source must not block workers that others need.
 */
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import pLimit from 'p-limit';
import pMap from 'p-map';
import type { SlotStore } from '#adapters/dynamodb/actions/concurrency-slots';
import type { ActionLease } from '#domain/actions/concurrency-slots';
import { inGroups } from './batch.ts';
import type { Slots } from './dependencies.ts';

export type Bounds = {
  slots: SlotStore;
  /** Maximum number of concurrent requests to a source; null for a source that is not reached from here. */
  limitOf(sourceId: string): number | null;
  now(): number;
  random(): number;
  pause(ms: number): Promise<void>;
  /** Sources that had no free slot, and until when this is assumed (epoch ms); kept by the process across batches. */
  full: Map<string, number>;
};
export type Batch = {
  records: readonly SQSRecord[];
  /** The source of a record; '' when it is unknown. */
  sourceOf(record: SQSRecord): string;
  /** Whether the records are of a bulk: single actions get slots first. */
  bulk: boolean;
  /** `slots`: limits its requests; null when it may send none. */
  each(record: SQSRecord, go: { slots: Slots | null }): Promise<void>;
  onFailure(record: SQSRecord, error: unknown): void;
  /** Names this worker as a holder of slots. `until`: when it ends at the latest (epoch ms). */
  holder: string;
  until: number;
};

/** An action uses its server for about this part of its time; for the rest another one can use its slot. */
const shareAtServer = 0.6;
const longestWaitMs = 1_500;
const pollMs = 60;
const fullForMs = 3_000;

export async function processConcurrently(bounds: Bounds, batch: Batch): Promise<SQSBatchResponse> {
  const { holder, until, bulk, onFailure } = batch;
  const bySource = Map.groupBy(batch.records, batch.sourceOf);
  const responses = await pMap([...bySource], async ([sourceId, records]) => {
    const work = (slots: Slots | null) => inGroups(records, (record) => batch.each(record, { slots }), { onFailure });
    const limit = bounds.limitOf(sourceId);
    if (limit === null) return work((request) => request());
    const wanted = Math.ceil(records.length * shareAtServer);
    const leased = await lease(bounds, sourceId, { holder, wanted, limit, until, bulk });
    if (leased === 0) return work(null);
    try {
      return await work(pLimit(leased));
    } finally {
      // A slot that is not released expires.
      await bounds.slots.release(sourceId, holder).catch(() => undefined);
    }
  });
  return { batchItemFailures: responses.flatMap(({ batchItemFailures }) => batchItemFailures) };
}

async function lease(
  { slots, full, now, random, pause }: Bounds,
  sourceId: string,
  wish: Omit<ActionLease, 'now'>,
): Promise<number> {
  const deadline = (full.get(sourceId) ?? 0) > now() ? now() : now() + longestWaitMs;
  for (;;) {
    const leased = await slots.lease(sourceId, { ...wish, now: now() });
    if (leased > 0) full.delete(sourceId);
    if (leased > 0) return leased;
    if (now() >= deadline) break;
    await pause(pollMs * (0.5 + random()));
  }
  full.set(sourceId, now() + fullForMs);
  return 0;
}
