/** A run from its beginning until it is complete and pending (the modes are in contract.ts). Within `guarded`. */
import { gatherDigest } from '#adapters/fingerprint';
import type { GatherCommand } from '#domain/relay/relay-protocol';
import type { RunStart, Staged, StagedRun, Staging } from './contract.ts';
import { cutParts, type Sized } from './parts.ts';
import { columnsOf, joined } from './rows.ts';
import { committedIn, guarded, inTransaction, type SnapshotState } from './snapshot-state.ts';

type Complete = Parameters<Staging['complete']>[0];

/** Drops what was staged before; its staging can no longer write. */
export function beginRun(state: SnapshotState, { run, command }: { run: RunStart; command: GatherCommand | undefined }): Staging {
  const { sql } = state;
  dropStaged(state);
  if (command) sql.setFact.run('begun', JSON.stringify(command));
  else sql.dropFact.run('begun');
  sql.markTouched.run(run.runId);
  state.newest = run;
  const whileNewest = <T>(work: () => T): T => {
    if (state.newest !== run) throw new Error('A newer gather has begun: this one writes nothing any more');
    return guarded(state, work);
  };
  return {
    stage: (devices) => whileNewest(() => stage(state, devices)),
    remove: (hashes) => whileNewest(() => remove(state, hashes)),
    complete: (found) => whileNewest(() => complete(state, run, found)),
  };
}

export function dropStaged(state: SnapshotState): void {
  inTransaction(state, () => {
    state.sql.dropStaged.run();
    state.sql.dropParts.run();
    state.sql.dropFact.run('pending');
  });
}

function stage(state: SnapshotState, devices: readonly Staged[]): void {
  inTransaction(state, () => {
    for (const one of devices) state.sql.stage.run(...columnsOf(one));
  });
}

function remove(state: SnapshotState, hashes: readonly string[]): void {
  inTransaction(state, () => {
    for (const hash of hashes) state.sql.stage.run(hash, null, null, null, null);
  });
}

function complete(state: SnapshotState, run: RunStart, { server, totals }: Complete): StagedRun {
  const { sql } = state;
  const parts = cutParts(stagedSizes(state), run.runId);
  const whole = { ...run, server, totals, ...digestWith(state, run), parts: parts.length, told: false };
  inTransaction(state, () => {
    for (const [number, { first, last }] of parts.entries()) sql.addPart.run(number, first, last);
    sql.setFact.run('pending', JSON.stringify(whole));
    sql.dropFact.run('begun');
  });
  state.newest = null;
  return whole;
}

function* stagedSizes({ sql }: SnapshotState): Generator<Sized> {
  for (const { hash, bytes } of sql.stagedSizes.iterate())
    yield { hash: String(hash), bytes: bytes === null ? null : Number(bytes) };
}

/** Of everything, including this run; if nothing was staged, it is already known. */
function digestWith(state: SnapshotState, { scope }: RunStart): Pick<StagedRun, 'digest' | 'devices'> {
  const { sql } = state;
  const before = committedIn(state);
  if (scope === 'delta' && before !== null && sql.stagedSizes.get() === undefined)
    return { digest: before.digest, devices: before.devices };
  const [count, entries] = scope === 'full' ? [sql.countStaged, sql.stagedEntries] : [sql.countWithStaged, sql.entriesWithStaged];
  const devices = Number(count.get()?.count);
  return { digest: gatherDigest(joined(entries.iterate(), devices)), devices };
}
