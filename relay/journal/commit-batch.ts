/**
 * Writes that are asked for at the same moment are committed together: one sync of the disk for all of them.
 *
 * - waiting: asked for; the next turn of the event loop commits all that wait.
 * - committed or failed: all of a batch alike, so a write that fails fails the others with it, and nothing of them is in the file.
 */
import type { DatabaseSync } from 'node:sqlite';
import { journalFailure } from './journal-file.ts';

type Write = { run(): void; resolve(): void; reject(error: unknown): void };
export type CommitBatch = {
  /** On disk when it resolves. Rejects with JournalFailure. */
  durable(run: () => void): Promise<void>;
  /** Resolves when nothing waits any more; rejects as the last batch did. */
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

/** Must not throw: those who wait would never be answered, and nothing after them either. */
function rollBack(database: DatabaseSync): void {
  try {
    if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
  } catch {
    // The next BEGIN fails then, and says so to whoever asked for it.
  }
}
