/**
 * One relay at a time per data folder: two would use the same message numbers and the same journal. The lock is one of the operating
 * system on a small database file, so that it ends with its process however that dies; a file with a process id would survive a
 * kill, and the id might belong to another program by then.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorCode } from '../error-code.ts';
import { RelayRefusal } from '../refusal.ts';
import { sqliteCode } from '../sqlite-code.ts';
import { readRunning } from './running-file.ts';

/** Another process holds the data folder. */
export class AnotherRelayRuns extends RelayRefusal {
  constructor(dataDir: string, cause: unknown) {
    const pid = pidOf(dataDir);
    super(
      `Another relay runs on ${dataDir}${pid === undefined ? '' : ` (process ${pid})`}.`,
      'See relay status. A second relay for the same source belongs on another machine, or needs its own --data.',
      { cause },
    );
  }
}

/** Throws AnotherRelayRuns while another relay holds it, RelayRefusal if the folder cannot be locked at all. */
export function singleInstance(dataDir: string): { release(): void } {
  const file = join(dataDir, 'lock.sqlite');
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    throw isLocked(cause) ? new AnotherRelayRuns(dataDir, cause) : cannotLock(file, cause);
  }
  const held = database;
  return { release: () => held.close() };
}

/** SQLITE_BUSY, SQLITE_LOCKED. */
const isLocked = (error: unknown): boolean => [5, 6].includes(sqliteCode(error) ?? 0);

function cannotLock(file: string, cause: unknown): RelayRefusal {
  const code = sqliteCode(cause);
  return new RelayRefusal(
    `${file} cannot be locked (${code === null ? errorCode(cause) : `SQLite ${code}`}).`,
    'Let the account of the relay write to its data folder, and check that the disk has room and is healthy.',
    { cause },
  );
}

/** For the message only: an error in reading the file must not hide that another relay runs. */
function pidOf(dataDir: string): number | undefined {
  try {
    return readRunning(dataDir)?.pid;
  } catch (error) {
    if (error instanceof RelayRefusal) return undefined;
    throw error;
  }
}
