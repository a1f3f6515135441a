/**
 * What the last gather saw of a source, in 16 bytes per device: 8 of the device key's hash, 4 of what identifies the phone, 4 of
 * what merely describes it, sorted by key. A million devices take 16 MB, so it is kept in typed arrays.
 *
 * An entry is one of: settled (the fingerprints of what is stored) · stale (stored, but its full record is still to be read) ·
 * missing (`identity` is the marker, `description` the epoch minutes since when) · dropped (removed; no longer encoded).
 * Invariant: an entry is settled only after its device is stored, so committing the manifest commits the gather.
 */
import type { RowFingerprint } from '#domain/gather/row-fingerprint';
import { highOf, lowOf } from '#domain/gather/row-fingerprint';

export const entryBytes = 16;
/** Far below the 400 KB limit of an item, since entries spread unevenly over shards by hash. */
const targetPerShard = 6_000;
const mostPerShard = 8_000;

const staleMark = 0xfffffffe;
const missingMark = 0xffffffff;
const dropped = 1;

export type ManifestShards = { bits: number; shards: ReadonlyMap<number, Uint8Array> };

export type Manifest = {
  /** Number of entries as read; every index is below it. */
  readonly size: number;
  /** Devices that are present: entries neither missing nor dropped, and those added. */
  present(): number;
  /** Index of a key's entry, or -1. */
  find(hash: string): number;
  /** Whether these are the stored fingerprints; false while the entry is stale or missing. */
  identifies(index: number, print: RowFingerprint): boolean;
  describes(index: number, print: RowFingerprint): boolean;
  isStale(index: number): boolean;
  /** Epoch minutes since which it is missing, or null. */
  missingSince(index: number): number | null;
  hashAt(index: number): string;
  /** Records that the device is stored with this content. */
  settle(hash: string, print: RowFingerprint): void;
  markStale(index: number): void;
  markMissing(index: number, minutes: number): void;
  drop(index: number): void;
  /** Entries of the present devices, sorted by key: the input of a gather's digest. */
  content(): Uint8Array;
  /** Shards that differ from what was read (all of them when their number had to grow). */
  changes(): ManifestShards;
};

/** Entries as read, in columns sorted by key, with the changes since. Changed in place. */
type Entries = {
  readonly size: number;
  readonly bits: number;
  readonly high: U32;
  readonly low: U32;
  readonly identity: U32;
  readonly description: U32;
  readonly gone: Uint8Array;
  readonly added: Map<string, RowFingerprint>;
  /** Shards that differ from what was read. */
  readonly dirty: Set<number>;
};

/** Reads what `changes` returned. Shards may be in any order; `bits`: how many leading bits of the hash select the shard. */
export function readManifest(read: ManifestShards): Manifest {
  const entries = entriesOf(read);
  const { size, high, low, identity, description, gone, added, dirty } = entries;
  const shardAt = (index: number) => shardOf(at(high, index), read.bits);
  return {
    size,
    present: () => alive(entries) - count(size, (index) => gone[index] !== dropped && identity[index] === missingMark),
    find: (hash) => find(entries, hash),
    identifies: (index, print) => identity[index] === print.identity,
    describes: (index, print) => description[index] === print.description,
    isStale: (index) => identity[index] === staleMark,
    missingSince: (index) => (identity[index] === missingMark ? at(description, index) : null),
    hashAt: (index) => hex(at(high, index)) + hex(at(low, index)),
    settle(hash, print) {
      const index = find(entries, hash);
      if (index >= 0) set(entries, index, print);
      else added.set(hash, print);
    },
    markStale(index) {
      if (identity[index] !== missingMark) set(entries, index, { identity: staleMark, description: at(description, index) });
    },
    markMissing: (index, minutes) => set(entries, index, { identity: missingMark, description: minutes }),
    drop(index) {
      gone[index] = dropped;
      dirty.add(shardAt(index));
    },
    content: () => contentOf(entries),
    changes: () => changesOf(entries),
  };
}

function entriesOf({ shards, bits }: ManifestShards): Entries {
  const bytes = [...shards].sort(([a], [b]) => a - b).map(([, shard]) => shard);
  const size = bytes.reduce((sum, shard) => sum + Math.floor(shard.byteLength / entryBytes), 0);
  const [high, low, identity, description] = columns(bytes, size);
  return { size, bits, high, low, identity, description, gone: new Uint8Array(size), added: new Map(), dirty: new Set() };
}

function find({ size, high, low }: Entries, hash: string): number {
  const [wantedHigh, wantedLow] = [highOf(hash), lowOf(hash)];
  let from = 0;
  let to = size - 1;
  while (from <= to) {
    const middle = guess(high, wantedHigh, { from, to });
    const order = at(high, middle) - wantedHigh || at(low, middle) - wantedLow;
    if (order === 0) return middle;
    if (order < 0) from = middle + 1;
    else to = middle - 1;
  }
  return -1;
}

/** Interpolation search: hashes are spread evenly, so a few steps are enough instead of one per bit. */
function guess(high: U32, wanted: number, { from, to }: { from: number; to: number }): number {
  const [first, last] = [at(high, from), at(high, to)];
  if (wanted <= first || last === first) return from;
  if (wanted >= last) return to;
  return from + Math.floor(((wanted - first) / (last - first)) * (to - from));
}

function set({ high, identity, description, dirty, bits }: Entries, index: number, print: RowFingerprint): void {
  if (identity[index] === print.identity && description[index] === print.description) return;
  identity[index] = print.identity;
  description[index] = print.description;
  dirty.add(shardOf(at(high, index), bits));
}

const alive = ({ size, added, gone }: Entries): number => size + added.size - gone.reduce((sum, one) => sum + one, 0);

const wordsAt = ({ high, low, identity, description }: Entries, index: number): number[] => [
  at(high, index),
  at(low, index),
  at(identity, index),
  at(description, index),
];

function contentOf(entries: Entries): Uint8Array {
  const rows: number[][] = [];
  for (let index = 0; index < entries.size; index++)
    if (entries.gone[index] !== dropped && entries.identity[index] !== missingMark) rows.push(wordsAt(entries, index));
  for (const [hash, print] of entries.added) rows.push(rowOf(hash, print));
  return packed(rows);
}

function changesOf(entries: Entries): ManifestShards {
  const { added, dirty } = entries;
  const bits = shardBits(alive(entries), entries.bits);
  for (const hash of added.keys()) dirty.add(shardOf(highOf(hash), entries.bits));
  const wanted = bits === entries.bits ? dirty : new Set(Array.from({ length: 2 ** bits }, (_, shard) => shard));
  return { bits, shards: encode(entries, wanted, bits) };
}

function encode(entries: Entries, wanted: ReadonlySet<number>, bits: number): Map<number, Uint8Array> {
  const rows = new Map<number, number[][]>([...wanted].map((shard) => [shard, []]));
  for (let index = 0; index < entries.size; index++)
    if (entries.gone[index] !== dropped) rows.get(shardOf(at(entries.high, index), bits))?.push(wordsAt(entries, index));
  for (const [hash, print] of entries.added) rows.get(shardOf(highOf(hash), bits))?.push(rowOf(hash, print));
  return new Map([...rows].map(([shard, found]) => [shard, packed(found)]));
}

/** The fingerprint of a device that is stored although its full record could not be read: it is read again next time. */
export const stalePrint = (print: RowFingerprint): RowFingerprint => ({ ...print, identity: staleMark });

const shardOf = (high: number, bits: number): number => (bits === 0 ? 0 : high >>> (32 - bits));

/** Grows when shards get full; never shrinks, so that a source of changing size is not rewritten again and again. */
function shardBits(entries: number, now: number): number {
  if (entries <= mostPerShard * 2 ** now) return now;
  return Math.ceil(Math.log2(entries / targetPerShard));
}

function columns(shards: readonly Uint8Array[], size: number) {
  const [high, low, identity, description] = [0, 1, 2, 3].map(() => new Uint32Array(size)) as [U32, U32, U32, U32];
  let index = 0;
  for (const shard of shards) {
    const view = new DataView(shard.buffer, shard.byteOffset, shard.byteLength);
    for (let offset = 0; offset + entryBytes <= shard.byteLength; offset += entryBytes, index++) {
      high[index] = view.getUint32(offset);
      low[index] = view.getUint32(offset + 4);
      identity[index] = view.getUint32(offset + 8);
      description[index] = view.getUint32(offset + 12);
    }
  }
  return [high, low, identity, description] as const;
}
type U32 = Uint32Array<ArrayBuffer>;

const rowOf = (hash: string, { identity, description }: RowFingerprint) => [highOf(hash), lowOf(hash), identity, description];

/** As `content`, for entries from elsewhere: the same bytes for the same devices. */
export const packEntries = (entries: Iterable<readonly [hash: string, print: RowFingerprint]>): Uint8Array =>
  packed([...entries].map(([hash, print]) => rowOf(hash, print)));

function packed(rows: number[][]): Uint8Array {
  rows.sort((a, b) => at(a, 0) - at(b, 0) || at(a, 1) - at(b, 1));
  const bytes = new Uint8Array(rows.length * entryBytes);
  const view = new DataView(bytes.buffer);
  rows.forEach((row, index) => {
    row.forEach((word, part) => {
      view.setUint32(index * entryBytes + part * 4, word);
    });
  });
  return bytes;
}

const at = (words: ArrayLike<number>, index: number): number => words[index] ?? 0;
const hex = (word: number): string => word.toString(16).padStart(8, '0');

function count(size: number, is: (index: number) => boolean): number {
  let found = 0;
  for (let index = 0; index < size; index++) if (is(index)) found++;
  return found;
}
