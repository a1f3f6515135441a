/** The snapshot's file: opens and checks it, and replaces it when broken. SQLite in WAL mode, each commit flushed to disk. */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BrokenContent, isBroken } from './failure.ts';

const version = 1;
/** `row` null: removed. `first` and `last` bound a part by hash; parts follow one another in that order. */
const schema = `
  CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE device (hash TEXT PRIMARY KEY, entry BLOB NOT NULL, listed BLOB NOT NULL, moving INTEGER NOT NULL, row TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX moving ON device (hash) WHERE moving = 1;
  CREATE TABLE staged (hash TEXT PRIMARY KEY, entry BLOB, listed BLOB, moving INTEGER, row TEXT) WITHOUT ROWID;
  CREATE TABLE part (number INTEGER PRIMARY KEY, first TEXT NOT NULL, last TEXT NOT NULL);
  CREATE TABLE touched (hash TEXT PRIMARY KEY, run TEXT) WITHOUT ROWID;
  PRAGMA user_version = ${version};
`;
const settings = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -400;
  PRAGMA temp_store = FILE;
`;

export type SnapshotFile = {
  readonly database: DatabaseSync;
  /** Renames the broken file, returns its new name, and opens an empty one. */
  replaceBroken(): string;
  close(): void;
};

/** Throws SQLite errors if the directory cannot be written to. `broken` is called with the new name of a broken file. */
export function openSnapshotFile(directory: string, broken: (aside: string) => void): SnapshotFile {
  const path = join(directory, 'snapshot.db');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let database = openOrReplace();

  function openOrReplace(): DatabaseSync {
    try {
      return open(path);
    } catch (error) {
      if (!isBroken(error)) throw error;
      broken(moveAside(path));
      return open(path);
    }
  }
  return {
    get database() {
      return database;
    },
    replaceBroken() {
      closeQuietly(database);
      const aside = moveAside(path);
      database = open(path);
      return aside;
    },
    close: () => database.close(),
  };
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec(settings);
    const found = Number(Object.values(database.prepare('PRAGMA user_version').get() ?? {})[0]);
    const empty = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table'").get() === undefined;
    if (empty) database.exec(`BEGIN; ${schema} COMMIT;`);
    else if (found !== version) throw new BrokenContent(`made by another version (${found})`);
    const check = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
    if (check !== 'ok') throw new BrokenContent(String(check));
    return database;
  } catch (error) {
    closeQuietly(database);
    throw error;
  }
}

/** One broken file is kept for analysis; more of them must not fill the disk. */
function moveAside(path: string): string {
  const aside = `${path}.broken`;
  for (const part of ['', '-wal', '-shm']) {
    rmSync(`${aside}${part}`, { force: true });
    try {
      renameSync(`${path}${part}`, `${aside}${part}`);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return aside;
}

function closeQuietly(database: DatabaseSync): void {
  try {
    database.close();
  } catch {
    // Broken or closed already: there is nothing left to lose.
  }
}
