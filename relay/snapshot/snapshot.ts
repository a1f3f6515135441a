/** The snapshot in its file. What it promises is said in contract.ts. */
import { gatherDigest } from '#adapters/fingerprint';
import { readManifest } from '#domain/gather/manifest';
import { type GatherCommand, gatherCommand, relayedDevice } from '#domain/relay/relay-protocol';
import {
  type CommittedRun,
  committedRun,
  type RunStart,
  type Snapshot,
  type StagedRun,
  type Staging,
  stagedRun,
} from './contract.ts';
import { openSnapshotFile, type SnapshotFile } from './database.ts';
import { diskFailure, isBroken, SnapshotLost } from './failure.ts';
import { cutParts } from './parts.ts';
import { columnsOf, joined, parsed, partOf } from './rows.ts';
import { prepareAll, type Statements } from './statements.ts';

export type SnapshotOptions = {
  directory: string;
  /** What is read and how: what is remembered of another server says nothing of this one. */
  of: string;
  log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
};

/** Throws SnapshotFailure when the directory cannot be used. */
export function openSnapshot({ directory, of, log }: SnapshotOptions): Snapshot {
  const file = opened();
  let sql = prepareAll(file.database);
  let newest: RunStart | null = null;
  takeOver();

  function opened(): SnapshotFile {
    try {
      return openSnapshotFile(directory, tellBroken);
    } catch (error) {
      throw diskFailure(error, directory) ?? error;
    }
  }

  /** What an earlier process left: of another server, or of a gather that was cut off, nothing counts. */
  function takeOver(): void {
    try {
      guarded(() => {
        if (sql.fact.get('of')?.value !== of) startAnew();
        if (pending() === null) dropStaged();
      });
    } catch (error) {
      if (!(error instanceof SnapshotLost)) throw error;
    }
  }

  function tellBroken(aside: string): void {
    log('error', 'The snapshot of the source is broken. It was set aside; the next gather reads and sends everything anew', {
      aside,
    });
  }

  /** Everything that touches the file goes through here. */
  function guarded<T>(work: (sql: Statements) => T): T {
    try {
      return work(sql);
    } catch (error) {
      rollBack(file);
      if (isBroken(error)) {
        newest = null;
        tellBroken(file.setAside());
        sql = prepareAll(file.database);
        sql.setFact.run('of', of);
        throw new SnapshotLost(error);
      }
      throw diskFailure(error, directory) ?? error;
    }
  }
  function atOnce(work: () => void): void {
    file.database.exec('BEGIN IMMEDIATE');
    work();
    file.database.exec('COMMIT');
  }

  function startAnew(): void {
    atOnce(() => {
      sql.dropDevices.run();
      sql.dropStaged.run();
      sql.dropParts.run();
      sql.dropFact.run('committed');
      sql.dropFact.run('pending');
      sql.dropFact.run('begun');
      sql.setFact.run('of', of);
    });
  }

  function dropStaged(): void {
    atOnce(() => {
      sql.dropStaged.run();
      sql.dropParts.run();
      sql.dropFact.run('pending');
    });
  }

  function fact<T>(name: string, schema: { parse(value: unknown): T }): T | null {
    const stored = sql.fact.get(name)?.value;
    return stored === undefined ? null : parsed(stored, schema);
  }
  function committed(): CommittedRun | null {
    return fact('committed', committedRun);
  }
  function pending(): StagedRun | null {
    return fact('pending', stagedRun);
  }

  function commit(): void {
    const run = pending();
    if (run === null) return;
    atOnce(() => {
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

  function begun(): GatherCommand | null {
    return fact('begun', gatherCommand);
  }

  function begin(run: RunStart, command?: GatherCommand): Staging {
    dropStaged();
    if (command) sql.setFact.run('begun', JSON.stringify(command));
    else sql.dropFact.run('begun');
    sql.markTouched.run(run.runId);
    newest = run;
    const whenNewest = <T>(work: () => T): T => {
      if (newest !== run) throw new Error('A newer gather has begun: this one writes nothing any more');
      return guarded(work);
    };
    return {
      stage: (devices) =>
        whenNewest(() =>
          atOnce(() => {
            for (const one of devices) sql.stage.run(...columnsOf(one));
          }),
        ),
      remove: (hashes) =>
        whenNewest(() =>
          atOnce(() => {
            for (const hash of hashes) sql.stage.run(hash, null, null, null, null);
          }),
        ),
      complete: ({ server, totals }) =>
        whenNewest(() => {
          const parts = cutParts(sizes(), run.runId);
          const entries = digested(run);
          const complete: StagedRun = { ...run, server, totals, ...entries, parts: parts.length, told: false };
          atOnce(() => {
            for (const [number, { first, last }] of parts.entries()) sql.addPart.run(number, first, last);
            sql.setFact.run('pending', JSON.stringify(complete));
            sql.dropFact.run('begun');
          });
          newest = null;
          return complete;
        }),
    };
  }

  function* sizes() {
    for (const { hash, bytes } of sql.stagedSizes.iterate())
      yield { hash: String(hash), bytes: bytes === null ? null : Number(bytes) };
  }

  /** Of everything there is with this run; where nothing was staged, that is known already. */
  function digested({ scope }: RunStart): Pick<StagedRun, 'digest' | 'devices'> {
    const before = committed();
    if (scope === 'delta' && before !== null && sql.stagedSizes.get() === undefined)
      return { digest: before.digest, devices: before.devices };
    const [count, entries] =
      scope === 'full' ? [sql.countStaged, sql.stagedEntries] : [sql.countWithStaged, sql.entriesWithStaged];
    const devices = Number(count.get()?.count);
    return { digest: gatherDigest(joined(entries.iterate(), devices)), devices };
  }

  return {
    committed: () => guarded(committed),
    pending: () => guarded(pending),
    commit: () => guarded(commit),
    markTold: (runId) =>
      guarded(() => {
        const run = pending();
        if (run?.runId === runId) sql.setFact.run('pending', JSON.stringify({ ...run, told: true }));
      }),
    begin: (run, command) => guarded(() => begin(run, command)),
    begun: () => guarded(begun),
    giveUp: (runId) =>
      guarded(() => {
        if (begun()?.runId === runId) sql.dropFact.run('begun');
      }),
    listed: () =>
      guarded(() => {
        const entries = joined(sql.listed.iterate(), Number(sql.countDevices.get()?.count));
        return readManifest({ bits: 0, shards: new Map([[0, entries]]) });
      }),
    moving: () => guarded(() => hashesOf(sql.moving)),
    touched: () => guarded(() => hashesOf(sql.touched)),
    kept: (hash) =>
      guarded(() => {
        const row = sql.device.get(hash)?.row;
        return row === undefined ? null : parsed(row, relayedDevice);
      }),
    part: (runId, part) => guarded(() => (pending()?.runId === runId ? partOf(sql.part.all(part)) : null)),
    touch: (hash) => void guarded(() => sql.touch.run(hash)),
    close: () => file.close(),
  };
}

function rollBack({ database }: SnapshotFile): void {
  try {
    if (database.isTransaction) database.exec('ROLLBACK');
  } catch {
    // SQLite has rolled back already, or the file is broken: either way nothing of it counts.
  }
}

const hashesOf = (statement: Statements['moving']): Set<string> => new Set(statement.all().map(({ hash }) => String(hash)));
