/** Converts devices and facts to what the file holds, and back: what is read from it is parsed like any external data. */
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { entryBytes, packEntries } from '#domain/gather/manifest';
import { rowFingerprint } from '#domain/gather/row-fingerprint';
import { relayedDevice } from '#domain/relay/relay-protocol';
import type { Part, Staged } from './contract.ts';
import { BrokenContent } from './failure.ts';

type Row = Record<string, SQLOutputValue>;

/** hash, entry, listed, moving, row: as in the tables. The digest is computed over the entries. */
export function columnsOf({ hash, row, listed, moving }: Staged): SQLInputValue[] {
  return [hash, packEntries([[hash, rowFingerprint(row)]]), packEntries([[hash, listed]]), moving ? 1 : 0, JSON.stringify(row)];
}

export function partOf(stored: readonly Row[]): Part | null {
  if (stored.length === 0) return null;
  return {
    devices: stored.flatMap(({ row }) => (row === null ? [] : [parsed(row, relayedDevice)])),
    removed: stored.flatMap(({ hash, row }) => (row === null ? [String(hash)] : [])),
  };
}

/** The concatenated entries; they are sorted by hash, so this equals what `packEntries` returns for all of them. */
export function joined(entries: Iterable<Row>, count: number): Uint8Array {
  const all = new Uint8Array(count * entryBytes);
  let at = 0;
  for (const { bytes } of entries) {
    if (!(bytes instanceof Uint8Array) || bytes.byteLength !== entryBytes) throw new BrokenContent('an entry of another size');
    all.set(bytes, at);
    at += entryBytes;
  }
  return all;
}

export function parsed<T>(text: SQLOutputValue | undefined, schema: { parse(value: unknown): T }): T {
  try {
    return schema.parse(JSON.parse(String(text)));
  } catch (cause) {
    throw new BrokenContent('something that was not written here', { cause });
  }
}
