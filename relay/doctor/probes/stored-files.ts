/** What the relay keeps on disk, looked at without changing it. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export type Stored = 'absent' | 'sound' | 'damaged' | { unreadable: string };

/** Result codes of SQLite: corrupt, not a database. */
const damaged = new Set([11, 26]);

/** No relay may run on it meanwhile. */
export function lookAtStore(file: string): Stored {
  if (!existsSync(file)) return 'absent';
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const found = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
    return found === 'ok' ? 'sound' : 'damaged';
  } catch (error) {
    const code = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null;
    if (code !== null && damaged.has(code)) return 'damaged';
    return { unreadable: error instanceof Error ? error.message : 'unknown error' };
  } finally {
    if (database?.isOpen) database.close();
  }
}
