/**
 * The journal on disk: SQLite with a write-ahead log, synced at every commit. A killed process or a power cut leaves every commit
 * whole or absent; the log's checksums detect a torn end.
 *
 * Invariants: one process at a time: it keeps the file locked, so that a second relay on the same data fails instead of acting
 * twice; once a call has resolved, its change is on disk; entries whose result is not acknowledged are never dropped.
 */
import type { SQLInputValue } from 'node:sqlite';
import {
  type ActionJournal,
  type AttemptKey,
  type JournalEntry,
  JournalFailure,
  type Retention,
  usualRetention,
} from './action-journal.ts';
import { type CommitBatch, commitBatch } from './commit-batch.ts';
import { type JournalFileOptions, journalFailure, openJournalFile } from './journal-file.ts';
import { entryOf, prepareAll, type Statements } from './statements.ts';

export type JournalOptions = JournalFileOptions & { retention?: Retention };
type State = { readonly statement: Statements; readonly batch: CommitBatch; readonly retention: Retention; arrivals: number };

/** Old entries are pruned each time this many attempts have arrived. */
const pruneEvery = 200;

/** Throws JournalFailure if the file cannot be opened, is not ours, or belongs to another process. */
export function sqliteJournal(file: string, { retention = usualRetention, ...options }: JournalOptions = {}): ActionJournal {
  const database = openJournalFile(file, options);
  const statement = prepareAll(database);
  const batch = commitBatch(database);
  const state: State = { statement, batch, retention, arrivals: 0 };
  return {
    received: (command, at) => received(state, command, at),
    started: (key, { before, at }) => step(state, key, (...names) => statement.start.run(at, JSON.stringify(before), ...names)),
    written: (key, at) => step(state, key, (...names) => statement.write.run(at, ...names)),
    done: (key, done) => step(state, key, (...names) => statement.end.run(JSON.stringify(done), ...names)),
    acknowledged: (key, at) => step(state, key, (...names) => statement.acknowledge.run(at, ...names)),
    attemptsOf: (actionId) => read(() => statement.attempts.all(actionId).map(entryOf)),
    open: () => read(() => statement.open.all().map(entryOf)),
    unacknowledged: (page) => read(() => unacknowledged(state, page)),
    size: () => read(() => Number(statement.size.get()?.entries)),
    async close() {
      await batch.flushed();
      if (database.isOpen) database.close();
    },
  };
}

async function received(state: State, command: JournalEntry['command'], at: number): Promise<JournalEntry> {
  const { statement, batch } = state;
  await batch.durable(() => {
    const { changes } = statement.receive.run(command.actionId, command.attempt, JSON.stringify(command), at);
    if (changes !== 0 && state.arrivals++ % pruneEvery === 0) prune(state, at);
  });
  return read(() => entryOf(find(state, command)));
}

function prune({ statement, retention }: State, now: number): void {
  statement.pruneOld.run(now - retention.forMs);
  statement.pruneMany.run(retention.entries);
}

type Names = [actionId: string, attempt: number];

/** Rejects with JournalFailure if the attempt is unknown. */
function step(state: State, { actionId, attempt }: AttemptKey, run: (...names: Names) => void): Promise<void> {
  return state.batch.durable(() => {
    if (!find(state, { actionId, attempt })) throw new JournalFailure('The journal knows no such attempt.');
    run(actionId, attempt);
  });
}

const find = ({ statement }: State, { actionId, attempt }: AttemptKey) => statement.find.get(actionId, attempt);

function unacknowledged(state: State, { limit, after }: { limit: number; after: AttemptKey | null }): JournalEntry[] {
  const from: SQLInputValue = after === null ? 0 : (find(state, after)?.seq ?? 0);
  return state.statement.unacknowledged.all(from, limit).map(entryOf);
}

async function read<T>(query: () => T): Promise<T> {
  try {
    return query();
  } catch (error) {
    throw journalFailure(error);
  }
}
