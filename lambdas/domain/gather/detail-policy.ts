/**
 * What a list row needs: nothing, storing the row, or reading the full record first. The same for the cloud's gather and the
 * relay's; `manifest` holds the fingerprints of the rows as last listed.
 */
import type { ListedDevice } from '#domain/devices/device';
import { hour, isDue } from '#domain/gather/gather-schedule';
import type { Manifest } from '#domain/gather/manifest';
import type { RowFingerprint } from '#domain/gather/row-fingerprint';

export type Need = 'nothing' | 'row' | 'detail';

export type NeedContext = {
  manifest: Pick<Manifest, 'isStale' | 'identifies' | 'describes'>;
  /** Whether the run has to read the full record of every device. */
  everyDetail: boolean;
  /** It continues a run that had marked as stale every entry whose full record was still to be read. */
  continued: boolean;
  /** Start of the run, and of the last complete one before it: the window of the rotation. */
  startedAt: number;
  since: number | null;
  detailRefreshHours: number;
  lastSyncEveryHours: number;
  /** Hashes of devices in a moving state: their full records are read each time. */
  moving: ReadonlySet<string>;
};

/** Whether this run has to read the full record of a known device, regardless of its row. */
export function owesDetail(hash: string, context: NeedContext): boolean {
  if (context.continued) return false;
  if (context.everyDetail || context.moving.has(hash)) return true;
  return isDue(hash, { since: context.since, now: context.startedAt, period: context.detailRefreshHours * hour });
}

/** `index`: of the row's entry in the manifest, or -1. */
export function needOf(
  row: ListedDevice,
  entry: { hash: string; index: number; print: RowFingerprint },
  context: NeedContext,
): Need {
  const { hash, index, print } = entry;
  const { manifest } = context;
  if (index < 0 || manifest.isStale(index) || !manifest.identifies(index, print)) return 'detail';
  // If the list carries the full record, its content is part of the fingerprint.
  if (row.detail === null ? owesDetail(hash, context) : context.everyDetail && !context.continued) return 'detail';
  return manifest.describes(index, print) && !owesRollUp(row, hash, context) ? 'nothing' : 'row';
}

/** Its last sync is due to be stored, and it has synced since. A continuation leaves that to the next run. */
export function owesRollUp(row: ListedDevice, hash: string, context: NeedContext): boolean {
  const { since, startedAt, lastSyncEveryHours } = context;
  const period = lastSyncEveryHours * hour;
  if (context.continued) return false;
  if (row.lastSync === null || row.lastSync < Math.min(startedAt - period, since ?? startedAt)) return false;
  return isDue(hash, { since, now: startedAt, period });
}
