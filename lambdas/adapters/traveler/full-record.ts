/** Reads the full record of one listed device, and separates what is wrong with this record from what is wrong with the source. */
import type { DeviceDetail, ListedDevice } from '#domain/devices/device';
import { canonicalName } from '#domain/devices/names';
import type { Found } from './contract.ts';
import { TravelerFailure } from './failure.ts';

/** `gone`: listed a moment ago, and no longer there. `unread`: this one record cannot be read; it is tried again next time. */
export type FullRecord = DeviceDetail | 'gone' | 'unread';

export type RecordReading = {
  read(row: ListedDevice): Promise<Found | 'gone'>;
  /** Of a failure that may be of this one record or of the source: can the gather do without the record for now? */
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

/** `refused`: its address leads to another server, where the password must not go. */
const ofThisOne = new Set<TravelerFailure['kind']>(['invalid', 'refused']);

/** So many records that the server cannot give do not fail a gather: one broken record must not blind us to all others. */
const mostSpared = 5;
const neverSpared = new Set<TravelerFailure['kind']>(['denied', 'busy']);

/** Spares the first few of one gather; none in a baseline: a device that could not be read then would count as new ever after. */
export function sparing({ inBaseline }: { inBaseline: boolean }): RecordReading['spare'] {
  let spared = 0;
  return ({ kind }) => !inBaseline && !neverSpared.has(kind) && ++spared <= mostSpared;
}
