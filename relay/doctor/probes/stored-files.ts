/** Checks the relay's databases on disk without changing them. */
import { DatabaseSync } from 'node:sqlite';
import { RelayRefusal } from '../../refusal.ts';
import { sqliteCode } from '../../sqlite-code.ts';
import { isStored } from '../../stored-file.ts';

export type Stored = 'absent' | 'sound' | 'damaged' | { unreadable: string };

/** Result codes of SQLite: corrupt, not a database. */
const damaged = new Set([11, 26]);

/** No relay may be running on the file. */
export function checkStore(file: string): Stored {
  let database: DatabaseSync | undefined;
  try {
    if (!isStored(file)) return 'absent';
    database = new DatabaseSync(file, { readOnly: true });
    const found = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
    return found === 'ok' ? 'sound' : 'damaged';
  } catch (error) {
    if (damaged.has(sqliteCode(error) ?? 0)) return 'damaged';
    if (error instanceof RelayRefusal) return { unreadable: error.message };
    return { unreadable: error instanceof Error ? error.message : 'unknown error' };
  } finally {
    if (database?.isOpen) database.close();
  }
}
