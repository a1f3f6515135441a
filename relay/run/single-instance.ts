/**
 * One relay at a time on a data folder: two would use the same numbers and the same journal. Held as a lock of the operating
 * system on a small database file, so that it ends with its process however that dies; a file with a process id in it would be
 * left behind by a kill, and the id may belong to another program by then.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { RelayRefusal } from '../refusal.ts';
import { readRunning } from './running-file.ts';

/** Throws RelayRefusal while another holds it. */
export function singleInstance(dataDir: string): { release(): void } {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(dataDir, 'lock.sqlite'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    const pid = readRunning(dataDir)?.pid;
    throw new RelayRefusal(
      `Another relay runs on ${dataDir}${pid === undefined ? '' : ` (process ${pid})`}.`,
      'See relay status. A second relay for the same source belongs on another machine, or needs its own --data.',
      { cause },
    );
  }
  return { release: () => database.close() };
}
