/**
 * dynoxide finds a stream's newest record, and those after a given one, by scanning all records: each write would take longer
 * than the previous one. Two indexes in its database prevent that. Its queries stay unchanged; if another version lacks this
 * table, nothing is done.
 */
import { DatabaseSync } from 'node:sqlite';

const order = 'CAST(sequence_number AS INTEGER)';
const waitMs = 5_000;

/** `file`: dynoxide's database, which it has already opened. Changes nothing if the indexes exist. */
export function indexStreams(file: string): void {
  const database = new DatabaseSync(file, { timeout: waitMs });
  try {
    const found = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name = '_stream_records'").get();
    if (found === undefined) return;
    database.exec(`CREATE INDEX IF NOT EXISTS stream_newest ON _stream_records (table_name, ${order})`);
    database.exec(`CREATE INDEX IF NOT EXISTS stream_shard ON _stream_records (table_name, shard_id, ${order})`);
  } finally {
    database.close();
  }
}
