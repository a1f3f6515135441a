import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ManifestShards, packEntries, readManifest, stalePrint } from '#domain/gather/manifest';

const none: ManifestShards = { bits: 0, shards: new Map() };
const hash = fc.stringMatching(/^[0-9a-f]{16}$/);
const print = fc.record({ identity: fc.nat(0xfffffffd), description: fc.nat(0xfffffffd) });

/** What is stored after a commit: changed shards replace the earlier ones. */
function committed(before: ManifestShards, after: ManifestShards): ManifestShards {
  const kept = before.bits === after.bits ? before.shards : new Map<number, Uint8Array>();
  return { bits: after.bits, shards: new Map([...kept, ...after.shards]) };
}

test('exactly what was recorded is found again, in any order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(hash, print), { selector: ([key]) => key }), hash, (entries, other) => {
      const writing = readManifest(none);
      for (const [key, content] of entries) writing.settle(key, content);
      const reading = readManifest(committed(none, writing.changes()));
      expect(reading.size).toBe(entries.length);
      for (const [key, content] of entries) {
        const index = reading.find(key);
        expect(reading.hashAt(index)).toBe(key);
        expect(reading.identifies(index, content) && reading.describes(index, content)).toBe(true);
      }
      expect(reading.find(other) >= 0).toBe(entries.some(([key]) => key === other));
    }),
  );
});

test('an unchanged manifest has nothing to write', () => {
  const writing = readManifest(none);
  writing.settle('00000000000000aa', { identity: 1, description: 2 });
  const reading = readManifest(committed(none, writing.changes()));
  reading.settle('00000000000000aa', { identity: 1, description: 2 });
  expect(reading.changes().shards.size).toBe(0);
});

test('a full manifest is sharded by hash; a later change writes only its shard', () => {
  const writing = readManifest(none);
  const keyOf = (index: number) => ((index * 2654435761) >>> 0).toString(16).padStart(8, '0').padEnd(16, '0');
  for (let index = 0; index < 20_000; index++) writing.settle(keyOf(index), { identity: index, description: 0 });
  const stored = committed(none, writing.changes());
  expect(stored.bits).toBe(2);
  expect([...stored.shards.values()].every((shard) => shard.byteLength <= 10_000 * 16)).toBe(true);
  const reading = readManifest(stored);
  expect(reading.size).toBe(20_000);
  reading.settle(keyOf(7), { identity: 1, description: 1 });
  expect(reading.changes().shards.size).toBe(1);
  expect(
    readManifest(committed(stored, reading.changes())).identifies(reading.find(keyOf(7)), { identity: 1, description: 1 }),
  ).toBe(true);
});

test("stale, missing and dropped entries are distinct from every row's hash", () => {
  fc.assert(
    fc.property(print, fc.nat(40_000_000), (content, minutes) => {
      const writing = readManifest(none);
      for (const key of ['1', '2', '3', '4']) writing.settle(key.repeat(16), content);
      writing.settle('5'.repeat(16), stalePrint(content));
      const first = committed(none, writing.changes());
      const marking = readManifest(first);
      marking.markStale(0);
      marking.markMissing(1, minutes);
      marking.drop(2);
      const read = readManifest(committed(first, marking.changes()));
      expect([read.size, read.present(), marking.present()]).toEqual([4, 3, 3]);
      const stale = [0, 1, 2, 3].map((index) => read.isStale(index));
      expect(stale).toEqual([true, false, false, true]);
      expect([0, 1, 2, 3].map((index) => read.missingSince(index))).toEqual([null, minutes, null, null]);
      expect(read.identifies(0, content) || read.identifies(1, content) || read.identifies(3, content)).toBe(false);
      expect(read.find('3'.repeat(16))).toBe(-1);
      read.markStale(1);
      expect(read.missingSince(1)).toBe(minutes);
    }),
  );
});

test('manifests of the same devices have the same content, in any order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(hash, print), { selector: ([key]) => key, minLength: 2 }), (entries) => {
      const manifest = readManifest(none);
      for (const [key, content] of entries) manifest.settle(key, content);
      const stored = readManifest(committed(none, manifest.changes()));
      const [[gone] = [''], ...others] = entries;
      stored.markMissing(stored.find(gone), 1);
      expect(manifest.content()).toEqual(packEntries(entries.toReversed()));
      expect(stored.content()).toEqual(packEntries(others));
    }),
  );
});
