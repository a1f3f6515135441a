/**
 * A batch within the bounds of its sources: devices side by side, and for each source no more requests under way than slots
 * could be leased, over all workers never more than its configuration allows. A worker leases fewer slots than it has actions:
 * while one waits for the database, another asks the server, and more workers get some.
 *
 * A source without a free slot is waited for a moment. If it stays so, its actions leave the queue and wait in the ledger, and
 * for a while those of the same source do so at once: a slow source must not hold the workers that others need.
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
  /** Requests that a source takes at once; null where none goes out from here. */
  limitOf(sourceId: string): number | null;
  now(): number;
  random(): number;
  pause(ms: number): Promise<void>;
  /** Sources that were full a moment ago, until when (epoch ms): kept by the process from batch to batch. */
  full: Map<string, number>;
};
export type Batch = {
  records: readonly SQSRecord[];
  /** The source that a record is about; '' when it is unknown. */
  sourceOf(record: SQSRecord): string;
  /** Whether they are of a bulk: single actions have their slots first. */
  bulk: boolean;
  /** `slots`: what its requests go through; null when none may go out. */
  each(record: SQSRecord, go: { slots: Slots | null }): Promise<void>;
  onFailure(record: SQSRecord, error: unknown): void;
  /** Names this worker among those that hold slots, and says when it ends at the latest (epoch ms). */
  holder: string;
  until: number;
};

/** An action is with its server for about this part of its time; for the rest another one can use its slot. */
const shareAtServer = 0.6;
const patienceMs = 1_500;
const lookEveryMs = 60;
const fullForMs = 3_000;

export async function processConcurrently(bounds: Bounds, batch: Batch): Promise<SQSBatchResponse> {
  const { holder, until, bulk, onFailure } = batch;
  const bySource = Map.groupBy(batch.records, batch.sourceOf);
  const answers = await pMap([...bySource], async ([sourceId, records]) => {
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
  return { batchItemFailures: answers.flatMap(({ batchItemFailures }) => batchItemFailures) };
}

async function lease(
  { slots, full, now, random, pause }: Bounds,
  sourceId: string,
  wish: Omit<ActionLease, 'now'>,
): Promise<number> {
  const giveUp = (full.get(sourceId) ?? 0) > now() ? now() : now() + patienceMs;
  for (;;) {
    const leased = await slots.lease(sourceId, { ...wish, now: now() });
    if (leased > 0) full.delete(sourceId);
    if (leased > 0) return leased;
    if (now() >= giveUp) break;
    await pause(lookEveryMs * (0.5 + random()));
  }
  full.set(sourceId, now() + fullForMs);
  return 0;
}
