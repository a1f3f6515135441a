/**
 * An open snapshot and the rules for using its file: every access goes through `guarded`, every change of more than one row through
 * `inTransaction`. After an access that threw SnapshotLost, the file is a new, empty one.
 */
import { type GatherCommand, gatherCommand } from '#domain/relay/relay-protocol';
import { type CommittedRun, committedRun, type RunStart, type StagedRun, stagedRun } from './contract.ts';
import { openSnapshotFile, type SnapshotFile } from './database.ts';
import { diskFailure, isBroken, SnapshotLost } from './failure.ts';
import { parsed } from './rows.ts';
import { prepareAll, type Statements } from './statements.ts';

export type SnapshotOptions = {
  directory: string;
  /** Which server is read, and how: the stored state of another server does not apply to this one. */
  of: string;
  log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
};

export type SnapshotState = SnapshotOptions & {
  readonly file: SnapshotFile;
  /** Of the file that is currently open. */
  sql: Statements;
  /** The run whose staging may write; null if none may. */
  newest: RunStart | null;
};

/** Throws SnapshotFailure if the directory cannot be used. */
export function openState(options: SnapshotOptions): SnapshotState {
  const { directory } = options;
  try {
    const file = openSnapshotFile(directory, (aside) => logBroken(options, aside));
    return { ...options, file, sql: prepareAll(file.database), newest: null };
  } catch (error) {
    throw diskFailure(error, directory) ?? error;
  }
}

/** Throws SnapshotFailure if the disk fails (nothing was changed), SnapshotLost if the file was broken. */
export function guarded<T>(state: SnapshotState, work: (state: SnapshotState) => T): T {
  try {
    return work(state);
  } catch (error) {
    rollBack(state.file);
    if (!isBroken(error)) throw diskFailure(error, state.directory) ?? error;
    replaceFile(state);
    throw new SnapshotLost(error);
  }
}

function replaceFile(state: SnapshotState): void {
  state.newest = null;
  logBroken(state, state.file.replaceBroken());
  state.sql = prepareAll(state.file.database);
  state.sql.setFact.run('of', state.of);
}

function logBroken({ log }: SnapshotOptions, aside: string): void {
  log('error', 'The snapshot of the source is broken. It was set aside; the next gather reads and sends everything anew', {
    aside,
  });
}

function rollBack({ database }: SnapshotFile): void {
  try {
    if (database.isTransaction) database.exec('ROLLBACK');
  } catch {
    // SQLite has already rolled back, or the file is broken: either way none of it counts.
  }
}

/** All or nothing. Only within `guarded`, which rolls back. */
export function inTransaction({ file }: SnapshotState, work: () => void): void {
  file.database.exec('BEGIN IMMEDIATE');
  work();
  file.database.exec('COMMIT');
}

function fact<T>({ sql }: SnapshotState, name: string, schema: { parse(value: unknown): T }): T | null {
  const stored = sql.fact.get(name)?.value;
  return stored === undefined ? null : parsed(stored, schema);
}

export const committedIn = (state: SnapshotState): CommittedRun | null => fact(state, 'committed', committedRun);
export const pendingIn = (state: SnapshotState): StagedRun | null => fact(state, 'pending', stagedRun);
export const begunIn = (state: SnapshotState): GatherCommand | null => fact(state, 'begun', gatherCommand);
