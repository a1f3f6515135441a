/** Whether a relay already runs on the data folder, and its status. */

import { askStatus } from '../../cli/status.ts';
import type { RelayStatus } from '../../health/status.ts';
import { RelayRefusal } from '../../refusal.ts';
import { readRunning } from '../../run/running-file.ts';
import { AnotherRelayRuns, singleInstance } from '../../run/single-instance.ts';

export type RelayHere =
  | { how: 'none' }
  | { how: 'runs'; pid: number | null; status: RelayStatus }
  /** A process holds the folder and does not respond. */
  | { how: 'mute'; pid: number | null };

/** The folder must exist and be writable. Throws RelayRefusal if it cannot be locked or its files cannot be read. */
export async function relayOn(dataDir: string): Promise<RelayHere> {
  if (isFree(dataDir)) return { how: 'none' };
  const pid = readRunning(dataDir)?.pid ?? null;
  try {
    return { how: 'runs', pid, status: await askStatus(dataDir) };
  } catch (error) {
    if (error instanceof RelayRefusal) return { how: 'mute', pid };
    throw error;
  }
}

function isFree(dataDir: string): boolean {
  try {
    singleInstance(dataDir).release();
    return true;
  } catch (error) {
    if (error instanceof AnotherRelayRuns) return false;
    throw error;
  }
}
