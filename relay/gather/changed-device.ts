/** Turns a changed row into the device to send, or into nothing if it did not change. */
import { fullRecord, sparing } from '#adapters/traveler/full-record';
import type { ListedDevice } from '#domain/devices/device';
import { type Manifest, stalePrint } from '#domain/gather/manifest';
import { type RowFingerprint, rowFingerprint } from '#domain/gather/row-fingerprint';
import type { RelayedDevice } from '#domain/relay/relay-protocol';
import type { Staged } from '../snapshot/contract.ts';
import type { ChangedRow } from './changed-rows.ts';
import type { GatherState } from './gather-state.ts';
import { isMoving, sendable } from './rows.ts';

/** Null: unchanged. `gone`: listed a moment ago, and no longer there. */
export type ReadChanged = (changed: ChangedRow) => Promise<Staged | 'gone' | null>;

/** Throws TravelerFailure when the source as a whole cannot be read. */
export function changedDeviceReader(state: GatherState, manifest: Manifest): ReadChanged {
  const { source, snapshot, sourceId, command, run, counts, countsChanged, signal, cloudNow } = state;
  const records = {
    read: ({ user, deviceId, href }: ListedDevice) => source.read({ sourceId, user, deviceId, href }),
    spare: sparing({ inBaseline: command.details === 'every' }),
  };

  return async (changed) => {
    signal.throwIfAborted();
    const { row, hash, index, print, need } = changed;
    const kept = index < 0 ? null : snapshot.kept(hash);
    if (row.detail !== null) return differing(changed, { known: row, kept, listed: print });
    if (need === 'row') return differing(changed, { known: kept ?? nothing, kept, listed: print });
    const detailAt = cloudNow();
    const detail = await fullRecord(row, records);
    counts.details++;
    countsChanged();
    if (detail === 'gone') return 'gone';
    if (detail !== 'unread') return differing(changed, { known: { detail, detailAt }, kept, listed: print });
    return differing(changed, { known: lastKnown(kept, print), kept, listed: stalePrint(print) });
  };

  /** What was sent before stays valid unless the record is now of another phone; a baseline uses only what was read for it. */
  function lastKnown(kept: RelayedDevice | null, print: RowFingerprint): Known {
    if (kept === null || run.scope === 'full' || command.details === 'every') return nothing;
    return rowFingerprint(kept).identity === print.identity ? kept : nothing;
  }

  function differing(
    { row, hash, index, always }: ChangedRow,
    { known, kept, listed }: { known: Known; kept: RelayedDevice | null; listed: RowFingerprint },
  ): Staged | null {
    const full = sendable({ ...row, detail: known.detail }, known.detailAt) ?? { ...row, ...nothing };
    if (run.scope === 'delta' && kept !== null && !always && samePrint(rowFingerprint(kept), rowFingerprint(full)))
      if (manifest.identifies(index, listed) && manifest.describes(index, listed)) return null;
    return { hash, row: full, listed, moving: isMoving(known.detail) };
  }
}

type Known = Pick<RelayedDevice, 'detail' | 'detailAt'>;
const nothing: Known = { detail: null, detailAt: null };

const samePrint = (a: RowFingerprint, b: RowFingerprint): boolean => a.identity === b.identity && a.description === b.description;
