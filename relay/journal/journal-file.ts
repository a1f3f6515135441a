/** The journal's file: opens and locks it, and says what to do about each way in which it can fail. */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { sqliteCode } from '../sqlite-code.ts';
import { JournalFailure } from './action-journal.ts';

export type JournalFileOptions = {
  /** Pages of 4 KB: the maximum size of the file. */
  maxPages?: number;
  /** How long to wait for an earlier process to release the file, ms. */
  lockWaitMs?: number;
};

const version = 1;
const schema = `
  CREATE TABLE attempts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    actionId TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    command TEXT NOT NULL,
    receivedAt REAL NOT NULL,
    startedAt REAL,
    before TEXT,
    writtenAt REAL,
    done TEXT,
    toldAt REAL,
    UNIQUE (actionId, attempt)
  ) STRICT;
  CREATE INDEX pending ON attempts (seq) WHERE toldAt IS NULL;
  PRAGMA user_version = ${version};
`;

/** Throws JournalFailure if the file cannot be opened, is not ours, or belongs to another process. */
export function openJournalFile(file: string, { maxPages, lockWaitMs = 5_000 }: JournalFileOptions): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    // It contains names of users and devices.
    closeSync(openSync(file, 'a', 0o600));
    database = new DatabaseSync(file, { timeout: lockWaitMs });
    // The vacuum mode is fixed by the first write, so it is set first.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -400');
    if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${Math.trunc(maxPages)}`);
    const found = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (found > version) throw new JournalFailure(`It was written by a newer relay (form ${found}). Install that version again.`);
    if (found === 0) database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
    database.exec('PRAGMA incremental_vacuum');
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw new JournalFailure(`The journal of actions (${file}) cannot be opened. ${journalFailure(error).message}`, {
      cause: error,
    });
  }
}

/** What to do, by SQLite result code. */
const cures: Record<number, string> = {
  5: 'Another relay works with the same data directory; stop it, or give this one a directory of its own.',
  8: 'It cannot be written to; let the account of the relay write to its data directory.',
  10: 'The disk failed; look at its health and at the free space.',
  11: 'It is damaged. Stop the relay, keep a copy of it, and move it away: actions that were under way are then looked at again.',
  13: 'The disk is full; make room on it. Nothing is begun until then.',
  14: 'The directory is missing or must not be entered; create it and let the account of the relay write to it.',
  26: 'It is no journal. Stop the relay and move the file away.',
};

export function journalFailure(error: unknown): JournalFailure {
  if (error instanceof JournalFailure) return error;
  const code = sqliteCode(error);
  const what = (code === null ? undefined : cures[code]) ?? 'Look at the disk and the data directory of the relay.';
  return new JournalFailure(what, { cause: error });
}
