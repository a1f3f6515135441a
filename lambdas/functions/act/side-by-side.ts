/**
 * A batch within the bounds of its sources: for each source as many devices side by side as slots could be leased, over all
 * workers never more than its configuration allows. A device's actions go one request at a time, so a slot is one request.
 *
 * A source without a free slot is waited for a moment. If it stays so, its actions leave the queue and wait in the ledger, and
 * for a while those of the same source do so at once: a slow source must not hold the workers that others need.
 */
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import pMap from 'p-map';
import type { SlotStore } from '#adapters/dynamodb/slots';
import { inGroups } from './batch.ts';

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
  /** The source that a record is about; '' when it cannot be told. */
  sourceOf(record: SQSRecord): string;
  /** `slot`: whether it may go out. */
  each(record: SQSRecord, go: { slot: boolean }): Promise<void>;
  onFailure(record: SQSRecord, error: unknown): void;
  /** Names this worker among those that hold slots, and says when it ends at the latest (epoch ms). */
  holder: string;
  until: number;
};

const patienceMs = 1_500;
const lookEveryMs = 60;
const fullForMs = 3_000;

export async function sideBySide(bounds: Bounds, batch: Batch): Promise<SQSBatchResponse> {
  const { holder, until, onFailure } = batch;
  const bySource = Map.groupBy(batch.records, batch.sourceOf);
  const answers = await pMap([...bySource], async ([sourceId, records]) => {
    const work = (slot: boolean, atOnce: number) =>
      inGroups(records, (record) => batch.each(record, { slot }), { onFailure, atOnce });
    const limit = bounds.limitOf(sourceId);
    if (limit === null) return work(true, records.length);
    const leased = await lease(bounds, sourceId, { holder, wanted: records.length, limit, until });
    if (leased === 0) return work(false, records.length);
    try {
      return await work(true, leased);
    } finally {
      // What is not given back comes back by time.
      await bounds.slots.release(sourceId, holder).catch(() => undefined);
    }
  });
  return { batchItemFailures: answers.flatMap(({ batchItemFailures }) => batchItemFailures) };
}

async function lease(
  { slots, full, now, random, pause }: Bounds,
  sourceId: string,
  wish: { holder: string; wanted: number; limit: number; until: number },
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
