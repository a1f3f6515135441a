/** The snapshot in its file. Modes and guarantees are in contract.ts, the use of the file in snapshot-state.ts. */
import { type Manifest, readManifest } from '#domain/gather/manifest';
import { type RelayedDevice, relayedDevice } from '#domain/relay/relay-protocol';
import { committedRun, type Part, type Snapshot } from './contract.ts';
import { SnapshotLost } from './failure.ts';
import { joined, parsed, partOf } from './rows.ts';
import {
  begunIn,
  committedIn,
  guarded,
  inTransaction,
  openState,
  pendingIn,
  type SnapshotOptions,
  type SnapshotState,
} from './snapshot-state.ts';
import { beginRun, dropStaged } from './staging.ts';
import type { Statements } from './statements.ts';

export type { SnapshotOptions } from './snapshot-state.ts';

/** Throws SnapshotFailure if the directory cannot be used. */
export function openSnapshot(options: SnapshotOptions): Snapshot {
  const state = openState(options);
  dropForeign(state);
  const use = <T>(work: (state: SnapshotState) => T): T => guarded(state, work);
  return {
    committed: () => use(committedIn),
    pending: () => use(pendingIn),
    commit: () => use(commit),
    markAcknowledged: (runId) => use(() => markAcknowledged(state, runId)),
    begin: (run, command) => use(() => beginRun(state, { run, command })),
    begun: () => use(begunIn),
    abandon: (runId) => use(() => forgetBegun(state, runId)),
    listed: () => use(listed),
    moving: () => use(({ sql }) => hashesOf(sql.moving)),
    touched: () => use(({ sql }) => hashesOf(sql.touched)),
    kept: (hash) => use(() => kept(state, hash)),
    part: (runId, part) => use(() => partIn(state, runId, part)),
    touch: (hash) => use(({ sql }) => void sql.touch.run(hash)),
    close: () => state.file.close(),
  };
}

/** Drops what an earlier process left of another server or of an interrupted gather. */
function dropForeign(state: SnapshotState): void {
  try {
    guarded(state, () => {
      if (state.sql.fact.get('of')?.value !== state.of) empty(state);
      if (pendingIn(state) === null) dropStaged(state);
    });
  } catch (error) {
    // Already logged, and the file is empty by now.
    if (!(error instanceof SnapshotLost)) throw error;
  }
}

function empty(state: SnapshotState): void {
  const { sql, of } = state;
  inTransaction(state, () => {
    sql.dropDevices.run();
    sql.dropStaged.run();
    sql.dropParts.run();
    for (const name of ['committed', 'pending', 'begun']) sql.dropFact.run(name);
    sql.setFact.run('of', of);
  });
}

function commit(state: SnapshotState): void {
  const { sql, file } = state;
  const run = pendingIn(state);
  if (run === null) return;
  inTransaction(state, () => {
    if (run.scope === 'full') sql.dropDevices.run();
    else sql.dropRemoved.run();
    sql.takeStaged.run();
    sql.dropStaged.run();
    sql.dropParts.run();
    sql.dropFact.run('pending');
    sql.dropTouched.run(run.runId);
    sql.setFact.run('committed', JSON.stringify(committedRun.parse(run)));
  });
  file.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}

function markAcknowledged(state: SnapshotState, runId: string): void {
  const run = pendingIn(state);
  if (run?.runId === runId) state.sql.setFact.run('pending', JSON.stringify({ ...run, told: true }));
}

function forgetBegun(state: SnapshotState, runId: string): void {
  if (begunIn(state)?.runId === runId) state.sql.dropFact.run('begun');
}

function listed({ sql }: SnapshotState): Manifest {
  const entries = joined(sql.listed.iterate(), Number(sql.countDevices.get()?.count));
  return readManifest({ bits: 0, shards: new Map([[0, entries]]) });
}

function kept({ sql }: SnapshotState, hash: string): RelayedDevice | null {
  const row = sql.device.get(hash)?.row;
  return row === undefined ? null : parsed(row, relayedDevice);
}

const partIn = (state: SnapshotState, runId: string, part: number): Part | null =>
  pendingIn(state)?.runId === runId ? partOf(state.sql.part.all(part)) : null;

const hashesOf = (statement: Statements['moving']): Set<string> => new Set(statement.all().map(({ hash }) => String(hash)));
