/** Conditional transactions: a failed condition or a conflict is a result, not an error. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';

const refusals = new Set(['None', 'ConditionalCheckFailed', 'TransactionConflict']);
/** Nothing was decided: the SDK does not retry a transaction that DynamoDB throttled. */
const throttled = new Set(['ThrottlingError', 'ProvisionedThroughputExceeded']);
const tries = 8;
const backoff: BackoffPolicy = { firstMs: 10, longestMs: 1_280, jitter: 'full' };

/** True when committed; false when a condition failed or another transaction was in progress on the same items. */
export const committed = async (transaction: Promise<unknown>): Promise<boolean> => (await refusedBy(transaction)) === null;

/**
 * Null when committed; else each item's reason: `None`, `ConditionalCheckFailed` or `TransactionConflict`. Throws any other
 * error.
 */
export async function refusedBy(transaction: Promise<unknown>): Promise<string[] | null> {
  try {
    await transaction;
    return null;
  } catch (error) {
    const codes = cancellationOf(error);
    if (codes === null || codes.some((code) => !refusals.has(code))) throw error;
    return codes;
  }
}

/** The reason for each item of a cancelled transaction; null for any other error. */
function cancellationOf(error: unknown): string[] | null {
  if (!(error instanceof TransactionCanceledException)) return null;
  return error.CancellationReasons?.map((reason) => reason.Code ?? 'None') ?? ['unknown'];
}

const isThrottled = (error: unknown): boolean => cancellationOf(error)?.some((code) => throttled.has(code)) ?? false;

/**
 * Retries `attempt`, which reads, decides and writes, until it does not return null (null: another writer was faster). Throws
 * after eight tries: the caller's message is then redelivered.
 */
export async function untilWritten<T>(attempt: () => Promise<T | null>, what: string, timing = realTiming): Promise<T> {
  const result = await ifWritten(attempt, timing);
  if (result !== null) return result;
  throw new Error(`${what} was written by others at the same moment ${tries} times in a row. Send it again.`);
}

/** Like `untilWritten`, but returns null when other writers won every try. */
export async function ifWritten<T>(attempt: () => Promise<T | null>, timing: RetryTiming = realTiming): Promise<T | null> {
  for (let retry = 1; retry <= tries; retry++) {
    const result = await attempt();
    if (result !== null) return result;
    if (retry < tries) await timing.pause(backoffMs(backoff, retry, timing.random()));
  }
  return null;
}

/** Writes a transaction whose conditions say "not yet": false when it was done before. A conflict with another one is retried, and so is a throttled one. */
export function doneOnce(transaction: () => Promise<unknown>, what: string, timing = realTiming): Promise<boolean> {
  return untilWritten(
    async () => {
      const codes = await refusedBy(transaction()).catch((error: unknown) => {
        if (isThrottled(error)) return ['Throttled'];
        throw error;
      });
      if (codes === null) return true;
      return codes.includes('ConditionalCheckFailed') ? false : null;
    },
    what,
    timing,
  );
}
