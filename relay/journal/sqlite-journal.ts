/**
 * The journal on disk: SQLite with a write-ahead log, synced at every commit. A killed process or a power cut leaves every
 * commit whole or absent; the log's checksums see to a torn end. What is asked for at the same moment is committed together.
 *
 * One process at a time: it keeps the file locked, so that a second relay over the same data says so instead of acting twice.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { sqliteCode } from '../sqlite-code.ts';
import {
  type ActionJournal,
  type AttemptKey,
  type JournalEntry,
  JournalFailure,
  journalEntry,
  type Retention,
  usualRetention,
} from './action-journal.ts';

export type JournalOptions = {
  retention?: Retention;
  /** Of 4 KB each: what the file may grow to. */
  maxPages?: number;
  /** How long to wait for a former process to let go of the file, ms. */
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
/** Told entries are looked through for old ones each time so many attempts have arrived. */
const pruneEvery = 200;

type Job = { run(): void; resolve(): void; reject(error: unknown): void };

/** Throws JournalFailure when the file cannot be opened, is not ours, or is another process's. */
export function sqliteJournal(file: string, options: JournalOptions = {}): ActionJournal {
  const { retention = usualRetention } = options;
  const database = open(file, options);
  let waiting: Job[] = [];
  let arrivals = 0;

  const statement = {
    receive: database.prepare(
      'INSERT INTO attempts (actionId, attempt, command, receivedAt) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    find: database.prepare('SELECT * FROM attempts WHERE actionId = ? AND attempt = ?'),
    start: database.prepare('UPDATE attempts SET startedAt = ?, before = COALESCE(before, ?) WHERE actionId = ? AND attempt = ?'),
    write: database.prepare('UPDATE attempts SET writtenAt = ? WHERE actionId = ? AND attempt = ? AND writtenAt IS NULL'),
    end: database.prepare('UPDATE attempts SET done = ? WHERE actionId = ? AND attempt = ? AND done IS NULL'),
    tell: database.prepare('UPDATE attempts SET toldAt = ? WHERE actionId = ? AND attempt = ? AND toldAt IS NULL'),
    attempts: database.prepare('SELECT * FROM attempts WHERE actionId = ? ORDER BY attempt'),
    open: database.prepare('SELECT * FROM attempts WHERE toldAt IS NULL AND done IS NULL ORDER BY seq'),
    untold: database.prepare('SELECT * FROM attempts WHERE toldAt IS NULL AND done IS NOT NULL AND seq > ? ORDER BY seq LIMIT ?'),
    size: database.prepare('SELECT count(*) AS entries FROM attempts'),
    pruneOld: database.prepare('DELETE FROM attempts WHERE toldAt <= ?'),
    pruneMany: database.prepare(
      'DELETE FROM attempts WHERE seq IN (SELECT seq FROM attempts WHERE toldAt IS NOT NULL ORDER BY seq LIMIT max(0, (SELECT count(*) FROM attempts) - ?))',
    ),
  };

  function prune(now: number): void {
    statement.pruneOld.run(now - retention.forMs);
    statement.pruneMany.run(retention.entries);
  }

  function commit(): void {
    const jobs = waiting;
    waiting = [];
    try {
      database.exec('BEGIN IMMEDIATE');
      for (const { run } of jobs) run();
      database.exec('COMMIT');
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      for (const { reject } of jobs) reject(failure(error));
      return;
    }
    for (const { resolve } of jobs) resolve();
  }

  /** Durable when it resolves. Many at once cost one sync of the disk. */
  function durable(run: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (waiting.length === 0) setImmediate(commit);
    waiting.push({ run, resolve, reject });
    return promise;
  }

  const step = (run: (actionId: string, attempt: number) => void, { actionId, attempt }: AttemptKey) =>
    durable(() => {
      if (!statement.find.get(actionId, attempt)) throw new JournalFailure('The journal knows no such attempt.');
      run(actionId, attempt);
    });
  const find = ({ actionId, attempt }: AttemptKey) => statement.find.get(actionId, attempt);

  return {
    async received(command, at) {
      await durable(() => {
        const { changes } = statement.receive.run(command.actionId, command.attempt, JSON.stringify(command), at);
        if (changes !== 0 && arrivals++ % pruneEvery === 0) prune(at);
      });
      return read(() => entryOf(find(command)));
    },
    started: (key, { before, at }) => step((...names) => statement.start.run(at, JSON.stringify(before), ...names), key),
    written: (key, at) => step((...names) => statement.write.run(at, ...names), key),
    done: (key, done) => step((...names) => statement.end.run(JSON.stringify(done), ...names), key),
    told: (key, at) => step((...names) => statement.tell.run(at, ...names), key),
    attemptsOf: async (actionId) => read(() => statement.attempts.all(actionId).map(entryOf)),
    open: async () => read(() => statement.open.all().map(entryOf)),
    untold: async ({ limit, after }) =>
      read(() => {
        const from: SQLInputValue = after === null ? 0 : (find(after)?.seq ?? 0);
        return statement.untold.all(from, limit).map(entryOf);
      }),
    size: async () => read(() => Number(statement.size.get()?.entries)),
    async close() {
      if (waiting.length > 0) await durable(() => undefined);
      if (database.isOpen) database.close();
    },
  };
}

function open(file: string, { maxPages, lockWaitMs = 5_000 }: JournalOptions): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    // Names of users and devices are in it.
    closeSync(openSync(file, 'a', 0o600));
    database = new DatabaseSync(file, { timeout: lockWaitMs });
    // Vacuuming is settled with the first write, so it comes first.
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
    const { message } = failure(error);
    throw new JournalFailure(`The journal of actions (${file}) cannot be opened. ${message}`, { cause: error });
  }
}

function read<T>(query: () => T): T {
  try {
    return query();
  } catch (error) {
    throw failure(error);
  }
}

function entryOf(row: Record<string, unknown> | undefined): JournalEntry {
  if (!row) throw new JournalFailure('The journal knows no such attempt.');
  const { command, receivedAt, startedAt, before, writtenAt, done, toldAt } = row;
  return journalEntry.parse({
    command: json(command),
    receivedAt,
    startedAt,
    before: json(before),
    writtenAt,
    done: json(done),
    toldAt,
  });
}

const json = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : null);

/** By SQLite's own result codes: what to do about it. */
const cures: Record<number, string> = {
  5: 'Another relay works with the same data directory; stop it, or give this one a directory of its own.',
  8: 'It cannot be written to; let the account of the relay write to its data directory.',
  10: 'The disk failed; look at its health and at the free space.',
  11: 'It is damaged. Stop the relay, keep a copy of it, and move it away: actions that were under way are then looked at again.',
  13: 'The disk is full; make room on it. Nothing is begun until then.',
  14: 'The directory is missing or must not be entered; create it and let the account of the relay write to it.',
  26: 'It is no journal. Stop the relay and move the file away.',
};

function failure(error: unknown): JournalFailure {
  if (error instanceof JournalFailure) return error;
  const code = sqliteCode(error);
  const what = (code === null ? undefined : cures[code]) ?? 'Look at the disk and the data directory of the relay.';
  return new JournalFailure(what, { cause: error });
}
