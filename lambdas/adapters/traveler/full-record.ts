/** Reads the full record of one listed device, and separates failures of this record from failures of the source. */
import type { DeviceDetail, ListedDevice } from '#domain/devices/device';
import { canonicalName } from '#domain/devices/names';
import type { Found } from './contract.ts';
import { TravelerFailure } from './failure.ts';

/** `gone`: listed just before, and no longer there. `unread`: this record cannot be read; the next gather retries it. */
export type FullRecord = DeviceDetail | 'gone' | 'unread';

export type RecordReading = {
  read(row: ListedDevice): Promise<Found | 'gone'>;
  /** Whether the gather can do without this record for now, after a failure that may be of the record or of the source. */
  spare(failure: TravelerFailure): boolean;
};

/** Throws TravelerFailure when the source as a whole cannot be read. */
export async function fullRecord(row: ListedDevice, { read, spare }: RecordReading): Promise<FullRecord> {
  try {
    const found = await read(row);
    if (found === 'gone') return 'gone';
    const same = canonicalName(found.user) === canonicalName(row.user) && found.deviceId === row.deviceId;
    return same ? found.detail : 'unread';
  } catch (error) {
    if (error instanceof TravelerFailure && (ofThisOne.has(error.kind) || spare(error))) return 'unread';
    throw error;
  }
}

/** `refused`: its address is on another server, which must not get the password. */
const ofThisOne = new Set<TravelerFailure['kind']>(['invalid', 'refused']);

/** Up to this many unreadable records do not fail a gather: one broken record must not hide all others. */
const mostSpared = 5;
const neverSpared = new Set<TravelerFailure['kind']>(['denied', 'busy']);

/** Spares the first few of one gather; none in a baseline: a device that is not read then would always count as new. */
export function sparing({ inBaseline }: { inBaseline: boolean }): RecordReading['spare'] {
  let spared = 0;
  return ({ kind }) => !inBaseline && !neverSpared.has(kind) && ++spared <= mostSpared;
}
