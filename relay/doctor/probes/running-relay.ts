/** Whether a relay runs on the data folder already, and what it says of itself. */

import { askStatus } from '../../cli/status.ts';
import type { RelayStatus } from '../../health/status.ts';
import { RelayRefusal } from '../../refusal.ts';
import { readRunning } from '../../run/running-file.ts';
import { AnotherRelayRuns, singleInstance } from '../../run/single-instance.ts';

export type Neighbour =
  | { how: 'none' }
  | { how: 'runs'; pid: number | null; status: RelayStatus }
  /** Something holds the folder and does not answer. */
  | { how: 'mute'; pid: number | null };

/** The folder must be there and writable. Throws RelayRefusal where it cannot be locked or its files cannot be read. */
export async function neighbourOn(dataDir: string): Promise<Neighbour> {
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
