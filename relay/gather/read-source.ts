/**
 * Reads the source once into a staging: the list is streamed, full records are read in parallel where needed, and what differs from
 * the committed snapshot is staged (in a full run: everything). The list pauses while many rows are in progress.
 */
import { pMapIterable } from 'p-map';
import { TravelerFailure } from '#adapters/traveler/failure';
import { contradiction } from '#domain/gather/gather-schedule';
import { type Manifest, stalePrint } from '#domain/gather/manifest';
import { rowFingerprint } from '#domain/gather/row-fingerprint';
import type { Staged } from '../snapshot/contract.ts';
import { changedDeviceReader } from './changed-device.ts';
import { type ChangedRow, changedRows } from './changed-rows.ts';
import type { Comparison, GatherState } from './gather-state.ts';
import { isMoving } from './rows.ts';

const batchSize = 200;
/** Rows in progress at once, including those being read. */
const maxInProgress = 256;

/** Throws TravelerFailure, also for a list that contradicts itself, and any error of the snapshot. */
export async function readSource(state: GatherState): Promise<void> {
  const { snapshot, staging, counts, concurrency } = state;
  const manifest = snapshot.listed();
  const { rows, seen } = changedRows(state, comparison(state, manifest));
  const read = changedDeviceReader(state, manifest);
  const changed = rows();
  try {
    const results = pMapIterable(changed, async (row: ChangedRow) => ({ row, found: await read(row) }), {
      concurrency,
      backpressure: Math.max(maxInProgress, concurrency),
      preserveOrder: false,
    });
    let batch: Staged[] = [];
    for await (const { row, found } of results) {
      if (found === 'gone' && row.index >= 0) seen[row.index] = 0;
      if (found !== null && found !== 'gone') batch.push(found);
      if (batch.length < batchSize) continue;
      staging.stage(batch);
      batch = [];
    }
    staging.stage(batch);
  } finally {
    // Not awaited: it may be waiting for a response that nobody needs any more.
    changed.return(undefined).catch(() => undefined);
  }
  const { devices: unique, rejected, totalRecords } = counts;
  const found = contradiction({ unique, rejected, totalRecords, known: manifest.size });
  if (found !== null) throw new TravelerFailure('permanent', { ...found, where: 'device list' });
  stageUnseen(state, { manifest, seen });
}

/** A full run uses nothing known from before: another relay may have gathered and acted in the meantime. */
function comparison({ command, run, snapshot }: GatherState, manifest: Manifest): Comparison {
  const { startedAt, since, detailRefreshHours, lastSyncEveryHours, attention } = command;
  return {
    ...{ manifest, startedAt, since, detailRefreshHours, lastSyncEveryHours, continued: false },
    everyDetail: run.scope === 'full' || command.details === 'every',
    moving: snapshot.moving(),
    alwaysRead: new Set([...snapshot.touched(), ...attention]),
  };
}

/**
 * Stages devices that the list no longer contains as removed. While there are rows that could not be read, those may be the missing
 * devices: then they stay as they were.
 */
function stageUnseen(
  { run, staging, snapshot, counts }: GatherState,
  { manifest, seen }: { manifest: Manifest; seen: Uint8Array },
): void {
  const unseen = Array.from(seen.keys())
    .filter((index) => !seen[index])
    .map((index) => manifest.hashAt(index));
  if (counts.rejected === 0 && run.scope === 'delta') staging.remove(unseen);
  if (counts.rejected === 0 || run.scope === 'delta') return;
  for (const hash of unseen) {
    const row = snapshot.kept(hash);
    if (row !== null) staging.stage([{ hash, row, listed: stalePrint(rowFingerprint(row)), moving: isMoving(row.detail) }]);
  }
}
