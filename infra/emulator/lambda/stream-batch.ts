/**
 * What to do with a batch of a stream's shard after each result of the function. Pure.
 *
 * A batch begins *whole*. Records up to the first failed one are done, which a checkpoint records. The rest is retried after a
 * wait; a batch of which nothing succeeded is halved first, if the mapping bisects. Records past their maximum attempts or age
 * are *dropped*: the failure queue gets their sequence numbers, and a checkpoint skips them. A success makes the batch whole
 * again. It ends when no record is left.
 */
import { backoffMs } from '#domain/time/backoff';
import type { StreamMapping } from '#infra/emulator/model';

/** `createdAt`: epoch ms. */
export type StreamRecord = { sequenceNumber: string; createdAt: number };
export type Batch<R extends StreamRecord> = {
  /** Records that are neither done nor dropped, in order. */
  waiting: readonly R[];
  wholeSize: number;
  /** How many are sent at once. */
  size: number;
  /** Consecutive failures of the first waiting record. */
  failures: number;
};
export type BatchEffect<R extends StreamRecord> =
  | { kind: 'checkpoint'; sequenceNumber: string }
  | { kind: 'drop'; records: readonly R[] }
  | { kind: 'wait'; ms: number };
export type BatchLimits = Pick<StreamMapping, 'bisects' | 'retryAttempts' | 'maximumAgeSeconds'>;
type Step<R extends StreamRecord> = { batch: Batch<R>; effects: BatchEffect<R>[] };

const retryPolicy = { firstMs: 200, longestMs: 10_000, jitter: 'none' } as const;

export function newBatch<R extends StreamRecord>(records: readonly R[]): Batch<R> {
  return { waiting: records, wholeSize: records.length, size: records.length, failures: 0 };
}

/** The records to send now; empty if the batch is done. */
export const toSend = <R extends StreamRecord>({ waiting, size }: Batch<R>): readonly R[] => waiting.slice(0, size);

/** `failed`: index, within the records sent, of the first that failed; null if none did. `now`: epoch ms. */
export function afterAnswer<R extends StreamRecord>(
  batch: Batch<R>,
  failed: number | null,
  { limits, now }: { limits: BatchLimits; now: number },
): Step<R> {
  const sent = toSend(batch);
  const done = failed === null ? sent : sent.slice(0, failed);
  const waiting = batch.waiting.slice(done.length);
  const effects = checkpointOf(done);
  if (failed === null) return { batch: { ...batch, waiting, size: batch.wholeSize, failures: 0 }, effects };
  const failures = (done.length > 0 ? 0 : batch.failures) + 1;
  const halved = limits.bisects && done.length === 0;
  const size = halved ? Math.max(1, Math.floor(sent.length / 2)) : batch.size;
  const isLastResort = batch.size === 1 || !limits.bisects;
  if (!isLastResort || !isExhausted(waiting[0], failures, { limits, now }))
    return {
      batch: { ...batch, waiting, size, failures },
      effects: [...effects, { kind: 'wait', ms: backoffMs(retryPolicy, failures, 0) }],
    };
  const dropped = waiting.slice(0, size);
  return {
    batch: { ...batch, waiting: waiting.slice(dropped.length), size, failures: 0 },
    effects: [...effects, { kind: 'drop', records: dropped }, ...checkpointOf(dropped)],
  };
}

function checkpointOf<R extends StreamRecord>(records: readonly R[]): BatchEffect<R>[] {
  const last = records.at(-1);
  return last ? [{ kind: 'checkpoint', sequenceNumber: last.sequenceNumber }] : [];
}

/** Past its maximum attempts or age; a negative limit means no limit. */
function isExhausted(
  record: StreamRecord | undefined,
  failures: number,
  { limits, now }: { limits: BatchLimits; now: number },
): boolean {
  const ageSeconds = (now - (record?.createdAt ?? now)) / 1000;
  return (
    (limits.retryAttempts >= 0 && failures > limits.retryAttempts) ||
    (limits.maximumAgeSeconds >= 0 && ageSeconds > limits.maximumAgeSeconds)
  );
}
