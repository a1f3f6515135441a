/**
 * dynoxide looks for a stream's newest record, and for those behind one, by reading all it has: each write would take longer
 * than the one before. Two indexes in its file end that. Its queries stay as they are; should another version not have this
 * table, nothing is done.
 */
import { DatabaseSync } from 'node:sqlite';

const order = 'CAST(sequence_number AS INTEGER)';
const waitMs = 5_000;

/** `file`: dynoxide's database, which it has opened already. Changes nothing where the indexes are there. */
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
