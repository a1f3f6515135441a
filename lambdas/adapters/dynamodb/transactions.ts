/** Transactions whose conditions are part of the plan: a refused one is an answer, not an error. */
import { setTimeout } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';

const refusals = new Set(['None', 'ConditionalCheckFailed', 'TransactionConflict']);
const tries = 8;

/** True when committed; false when a condition failed or another transaction was under way on the same items. */
export const committed = async (transaction: Promise<unknown>): Promise<boolean> => (await refusedBy(transaction)) === null;

/** Null when committed; else, item by item, what stood against it: `None`, `ConditionalCheckFailed` or `TransactionConflict`. */
export async function refusedBy(transaction: Promise<unknown>): Promise<string[] | null> {
  try {
    await transaction;
    return null;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    const codes = error.CancellationReasons?.map((reason) => reason.Code ?? 'None') ?? ['unknown'];
    if (codes.some((code) => !refusals.has(code))) throw error;
    return codes;
  }
}

/**
 * Reads, decides and writes anew until `attempt` gives an answer (`null` = someone else wrote in between). Throws after
 * eight tries: the caller's message then comes again.
 */
export async function untilSettled<T>(attempt: () => Promise<T | null>, what: string): Promise<T> {
  const settled = await ifSettled(attempt);
  if (settled !== null) return settled;
  throw new Error(`${what} was written by others at the same moment ${tries} times in a row. Send it again.`);
}

/** As `untilSettled`, for who can do without: null when others wrote every time. */
export async function ifSettled<T>(attempt: () => Promise<T | null>): Promise<T | null> {
  for (let round = 0; round < tries; round++) {
    const settled = await attempt();
    if (settled !== null) return settled;
    await setTimeout(Math.random() * 10 * 2 ** round);
  }
  return null;
}

/** Writes a transaction whose conditions say "not yet": false when it was done before. A conflict with another one is tried again. */
export function doneOnce(transaction: () => Promise<unknown>, what: string): Promise<boolean> {
  return untilSettled(async () => {
    const codes = await refusedBy(transaction());
    if (codes === null) return true;
    return codes.includes('ConditionalCheckFailed') ? false : null;
  }, what);
}
