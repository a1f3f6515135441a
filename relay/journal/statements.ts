/** All statements on the journal's file, and the conversion of its rows to entries. */
import type { DatabaseSync } from 'node:sqlite';
import { type JournalEntry, JournalFailure, journalEntry } from './action-journal.ts';

export type Statements = ReturnType<typeof prepareAll>;

export function prepareAll(database: DatabaseSync) {
  return {
    receive: database.prepare(
      'INSERT INTO attempts (actionId, attempt, command, receivedAt) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    find: database.prepare('SELECT * FROM attempts WHERE actionId = ? AND attempt = ?'),
    start: database.prepare('UPDATE attempts SET startedAt = ?, before = COALESCE(before, ?) WHERE actionId = ? AND attempt = ?'),
    write: database.prepare('UPDATE attempts SET writtenAt = ? WHERE actionId = ? AND attempt = ? AND writtenAt IS NULL'),
    end: database.prepare('UPDATE attempts SET done = ? WHERE actionId = ? AND attempt = ? AND done IS NULL'),
    acknowledge: database.prepare('UPDATE attempts SET toldAt = ? WHERE actionId = ? AND attempt = ? AND toldAt IS NULL'),
    attempts: database.prepare('SELECT * FROM attempts WHERE actionId = ? ORDER BY attempt'),
    open: database.prepare('SELECT * FROM attempts WHERE toldAt IS NULL AND done IS NULL ORDER BY seq'),
    unacknowledged: database.prepare(
      'SELECT * FROM attempts WHERE toldAt IS NULL AND done IS NOT NULL AND seq > ? ORDER BY seq LIMIT ?',
    ),
    size: database.prepare('SELECT count(*) AS entries FROM attempts'),
    pruneOld: database.prepare('DELETE FROM attempts WHERE toldAt <= ?'),
    pruneMany: database.prepare(
      'DELETE FROM attempts WHERE seq IN (SELECT seq FROM attempts WHERE toldAt IS NOT NULL ORDER BY seq LIMIT max(0, (SELECT count(*) FROM attempts) - ?))',
    ),
  };
}

/** Throws JournalFailure if there is no row, and a schema error for a row that the relay did not write. */
export function entryOf(row: Record<string, unknown> | undefined): JournalEntry {
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
