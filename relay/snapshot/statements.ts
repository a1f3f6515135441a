/** All statements on the snapshot's file, in one place. `staged` overlays `device`: what is staged takes precedence. */
import type { DatabaseSync } from 'node:sqlite';

export type Statements = ReturnType<typeof prepareAll>;

export function prepareAll(database: DatabaseSync) {
  const sql = (text: string) => database.prepare(text);
  return {
    fact: sql('SELECT value FROM fact WHERE name = ?'),
    setFact: sql('INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value'),
    dropFact: sql('DELETE FROM fact WHERE name = ?'),
    /** Entries and fingerprints in order of hash, as the domain packs them. */
    countDevices: sql('SELECT count(*) AS count FROM device'),
    listed: sql('SELECT listed AS bytes FROM device ORDER BY hash'),
    device: sql('SELECT row FROM device WHERE hash = ?'),
    moving: sql('SELECT hash FROM device WHERE moving = 1'),
    touched: sql('SELECT hash FROM touched'),
    stage: sql('INSERT OR REPLACE INTO staged (hash, entry, listed, moving, row) VALUES (?, ?, ?, ?, ?)'),
    stagedSizes: sql('SELECT hash, octet_length(row) AS bytes FROM staged ORDER BY hash'),
    stagedEntries: sql('SELECT entry AS bytes FROM staged WHERE row IS NOT NULL ORDER BY hash'),
    countStaged: sql('SELECT count(*) AS count FROM staged WHERE row IS NOT NULL'),
    countWithStaged: sql(`
      SELECT (SELECT count(*) FROM device WHERE hash NOT IN (SELECT hash FROM staged))
        + (SELECT count(*) FROM staged WHERE row IS NOT NULL) AS count`),
    entriesWithStaged: sql(`
      SELECT hash, entry AS bytes FROM device WHERE hash NOT IN (SELECT hash FROM staged)
      UNION ALL SELECT hash, entry AS bytes FROM staged WHERE row IS NOT NULL ORDER BY hash`),
    addPart: sql('INSERT INTO part (number, first, last) VALUES (?, ?, ?)'),
    part: sql(`
      SELECT staged.hash, staged.row FROM part JOIN staged ON staged.hash BETWEEN part.first AND part.last
      WHERE part.number = ? ORDER BY staged.hash`),
    dropStaged: sql('DELETE FROM staged'),
    dropParts: sql('DELETE FROM part'),
    dropDevices: sql('DELETE FROM device'),
    takeStaged: sql(`
      INSERT OR REPLACE INTO device (hash, entry, listed, moving, row)
      SELECT hash, entry, listed, moving, row FROM staged WHERE row IS NOT NULL`),
    dropRemoved: sql('DELETE FROM device WHERE hash IN (SELECT hash FROM staged WHERE row IS NULL)'),
    touch: sql('INSERT INTO touched (hash, run) VALUES (?, NULL) ON CONFLICT (hash) DO UPDATE SET run = NULL'),
    /** The devices that a run is about to read; those touched again in the meantime stay. */
    markTouched: sql('UPDATE touched SET run = ?'),
    dropTouched: sql('DELETE FROM touched WHERE run = ?'),
  };
}
