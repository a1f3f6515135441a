/** What one owed row comes to: the device as it is to be told, or nothing where it is as it was. */
import { fullRecord, sparing } from '#adapters/traveler/full-record';
import type { DeviceDetail, ListedDevice } from '#domain/device';
import { type Print, printOf } from '#domain/gather-prints';
import { type Manifest, stalePrint } from '#domain/manifest';
import type { Staged } from '../snapshot/contract.ts';
import type { OwedRow } from './owed-rows.ts';
import type { Reading } from './reading.ts';
import { isMoving, sendable } from './rows.ts';

/** Null: as it was. `gone`: listed a moment ago, and no longer there. */
export type Look = (owed: OwedRow) => Promise<Staged | 'gone' | null>;

/** Throws TravelerFailure when the source as a whole cannot be read. */
export function looking(reading: Reading, manifest: Manifest): Look {
  const { source, snapshot, sourceId, command, run, counts, news, signal } = reading;
  const records = {
    read: ({ user, deviceId, href }: ListedDevice) => source.read({ sourceId, user, deviceId, href }),
    spare: sparing({ inBaseline: command.details === 'every' }),
  };

  return async (owed) => {
    signal.throwIfAborted();
    const { row, hash, index, print, need } = owed;
    const kept = index < 0 ? null : snapshot.kept(hash);
    if (row.detail !== null) return differing(owed, { detail: row.detail, kept, listed: print });
    if (need === 'row') return differing(owed, { detail: kept?.detail ?? null, kept, listed: print });
    const detail = await fullRecord(row, records);
    counts.details++;
    news();
    if (detail === 'gone') return 'gone';
    if (detail !== 'unread') return differing(owed, { detail, kept, listed: print });
    return differing(owed, { detail: lastKnown(kept, print), kept, listed: stalePrint(print) });
  };

  /** What was told before holds on while nothing says that it is another phone; a baseline rests on what was read for it. */
  function lastKnown(kept: ListedDevice | null, print: Print): DeviceDetail | null {
    if (kept === null || run.scope === 'full' || command.details === 'every') return null;
    return printOf(kept).identity === print.identity ? kept.detail : null;
  }

  function differing(
    { row, hash, index, rollUp }: OwedRow,
    { detail, kept, listed }: { detail: DeviceDetail | null; kept: ListedDevice | null; listed: Print },
  ): Staged | null {
    const full = sendable({ ...row, detail }) ?? { ...row, detail: null };
    if (run.scope === 'delta' && kept !== null && !rollUp && samePrint(printOf(kept), printOf(full)))
      if (manifest.identifies(index, listed) && manifest.describes(index, listed)) return null;
    return { hash, row: full, listed, moving: isMoving(detail) };
  }
}

const samePrint = (a: Print, b: Print): boolean => a.identity === b.identity && a.description === b.description;
