/** When a gather has to read more than a device's list row, and whether the list that was read is plausible. */

import type { Problem } from '#domain/devices/source';
import { highOf } from '#domain/gather/row-fingerprint';

export const hour = 3_600_000;

/**
 * Stateless rotation: each device has one time in every period, spread by its hash; it is due when that time lies within
 * (since, now]. Without a previous gather (`since` null) every device is due. Times in ms.
 */
export function isDue(hash: string, window: { since: number | null; now: number; period: number }): boolean {
  const { since, now, period } = window;
  if (since === null || now - since >= period) return true;
  const phase = (highOf(hash) / 2 ** 32) * period;
  return Math.floor((now - phase) / period) > Math.floor((since - phase) / period);
}

/** Whether a device that is missing since `minutes` (epoch minutes) counts as removed. */
export function isRemoved(minutes: number, { now, removeAfterHours }: { now: number; removeAfterHours: number }): boolean {
  return now - minutes * 60_000 >= removeAfterHours * hour;
}

/** Epoch minutes, rounded up so that nothing is removed early. */
export const missingMinutes = (at: number): number => Math.ceil(at / 60_000);

export type ListReading = {
  /** Different devices in the list, and rows that could not be read. */
  unique: number;
  rejected: number;
  totalRecords: number | null;
  /** Devices present by the last complete gather. */
  known: number;
};

/**
 * Null when the list is plausible. It is not when it is empty although devices are known, when it differs from the server's count
 * by more than rows shifting between pages explain, or, if the server gives no count, when most devices are gone.
 */
export function contradiction({ unique, rejected, totalRecords, known }: ListReading): Pick<Problem, 'what' | 'remedy'> | null {
  const rows = unique + rejected;
  if (rows === 0 && known > 0)
    return { what: `The server listed no device at all, although ${known} are known. Nothing was changed.`, remedy };
  if (totalRecords !== null && Math.abs(rows - totalRecords) > Math.max(5, totalRecords / 100))
    return { what: `The server announced ${totalRecords} devices and listed ${rows}. Nothing was removed.`, remedy };
  if (totalRecords === null && rows < known / 2)
    return { what: `The server listed ${rows} devices where ${known} are known. Nothing was removed.`, remedy };
  return null;
}

const remedy =
  'Usually passes by itself: the next gather reads the list again. If it stays, look at the Traveler server and its database.';
