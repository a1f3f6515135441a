/**
 * Writes requested at the same moment are committed together, with one sync of the disk for all of them.
 *
 * - waiting: requested; the next turn of the event loop commits all that are waiting.
 * - committed or failed: the whole batch, so a write that fails makes the others fail with it, and none of them is in the file.
 */
import type { DatabaseSync } from 'node:sqlite';
import { journalFailure } from './journal-file.ts';

type Write = { run(): void; resolve(): void; reject(error: unknown): void };
export type CommitBatch = {
  /** On disk when it resolves. Rejects with JournalFailure. */
  durable(run: () => void): Promise<void>;
  /** Resolves when nothing is waiting any more; rejects if the last batch failed. */
  flushed(): Promise<void>;
};

export function commitBatch(database: DatabaseSync): CommitBatch {
  const batch: { waiting: Write[] } = { waiting: [] };

  function durable(run: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (batch.waiting.length === 0) setImmediate(() => commit(database, batch));
    batch.waiting.push({ run, resolve, reject });
    return promise;
  }

  return { durable, flushed: async () => (batch.waiting.length > 0 ? durable(() => undefined) : undefined) };
}

function commit(database: DatabaseSync, batch: { waiting: Write[] }): void {
  const writes = batch.waiting;
  batch.waiting = [];
  try {
    database.exec('BEGIN IMMEDIATE');
    for (const { run } of writes) run();
    database.exec('COMMIT');
  } catch (error) {
    rollBack(database);
    for (const { reject } of writes) reject(journalFailure(error));
    return;
  }
  for (const { resolve } of writes) resolve();
}

/** Must not throw: otherwise the waiting callers, and all later ones, would never get a response. */
function rollBack(database: DatabaseSync): void {
  try {
    if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
  } catch {
    // The next BEGIN will then fail, and report it to its caller.
  }
}
