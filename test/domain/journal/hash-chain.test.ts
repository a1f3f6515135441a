/** The chain of a journal: whatever is changed in one line, the check names that place. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChainEntry, type ChainHead, canonical, extend, genesis, type JournalLine } from '#domain/journal/hash-chain';
import { checkEnd, checkNext, type Finding } from '#domain/journal/verify-chain';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const sourceId = 'cloud';
const lineOf = (number: number, data: Record<string, unknown> = {}): JournalLine => ({
  lineId: `line-${number}`,
  sourceId,
  user: 'Jane Doe/Acme',
  deviceId: `D${number}`,
  at: 1_000_000 + number,
  id: `changed|${number}`,
  kind: 'changed',
  says: `Line ${number}`,
  data,
});
const lines = (count: number) => Array.from({ length: count }, (_, index) => lineOf(index + 1, { before: index, after: null }));
const chainOf = (count: number) => extend(genesis, lines(count), hash);

function walk(entries: readonly unknown[], head: ChainHead | null = null): Finding | null {
  let last = genesis;
  for (const entry of entries) {
    const checked = checkNext(last, entry, { sourceId, hash });
    if (!checked.ok) return checked.finding;
    last = checked.head;
  }
  return checkEnd(last, head, sourceId);
}
const headOf = (entries: readonly ChainEntry[]): ChainHead => entries.at(-1) ?? genesis;

test('an untouched chain is intact, however it was extended', () => {
  const once = chainOf(20);
  const [first, second] = [lines(20).slice(0, 7), lines(20).slice(7)];
  const begun = extend(genesis, first, hash);
  expect([...begun, ...extend(headOf(begun), second, hash)]).toEqual(once);
  expect(walk(once, headOf(once))).toBeNull();
});

test('the hash of a line does not depend on the order of its fields', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
      const turned = Object.fromEntries(Object.entries(data).reverse());
      expect(canonical(turned)).toBe(canonical(data));
      expect(JSON.parse(canonical(data))).toEqual(JSON.parse(JSON.stringify(data)));
    }),
    { numRuns: 200 },
  );
});

describe('in a changed chain, the first changed place is named', () => {
  const place = fc.integer({ min: 1, max: 30 });

  test('a flipped byte anywhere in a line', () => {
    const entries = chainOf(12);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 11 }), fc.nat(), fc.integer({ min: 1, max: 7 }), (index, where, bit) => {
        const bytes = Buffer.from(JSON.stringify(entries[index]));
        const at = where % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit - 1));
        const altered = textOrNull(bytes);
        // Some bytes mean the same after the flip (the case of \u escapes, for instance): those change nothing.
        if (altered !== null && canonical(altered) === canonical(entries[index])) return;
        const finding = walk(entries.with(index, altered as ChainEntry), headOf(entries));
        expect(finding, String(bytes)).not.toBeNull();
        // A number that reads higher names the gap before it, one that reads lower the line itself.
        expect(finding?.seq).toBeGreaterThan(0);
        if (finding?.kind === 'altered' || finding?.kind === 'unreadable' || finding?.kind === 'missing')
          expect(finding.seq).toBe(index + 1);
      }),
      { numRuns: 500 },
    );
  });

  test('a removed line: its number, and the time and device of the next', () => {
    fc.assert(
      fc.property(place, (seq) => {
        const entries = chainOf(30);
        const finding = walk(entries.toSpliced(seq - 1, 1), headOf(entries));
        expect(finding).toMatchObject({ kind: 'missing', seq });
        expect(finding?.deviceId).toBe(seq === 30 ? null : `D${seq + 1}`);
      }),
    );
  });

  test('two lines that are swapped', () => {
    fc.assert(
      fc.property(place, place, (one, other) => {
        fc.pre(one !== other);
        const entries = chainOf(30);
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const moved = entries.with(low - 1, entries[high - 1] as ChainEntry).with(high - 1, entries[low - 1] as ChainEntry);
        expect(walk(moved)).toMatchObject({ kind: 'missing', seq: low, deviceId: `D${high}` });
      }),
    );
  });

  test('a duplicate line', () => {
    const entries = chainOf(5);
    expect(walk(entries.toSpliced(3, 0, entries[2] as ChainEntry))).toMatchObject({ kind: 'moved', seq: 3, deviceId: 'D3' });
  });

  test('a line altered and hashed again: the line behind it no longer follows', () => {
    const entries = chainOf(5);
    const [forged] = extend(entries[1] as ChainEntry, [lineOf(3, { forged: true })], hash);
    expect(walk(entries.with(2, forged as ChainEntry), headOf(entries))).toMatchObject({ kind: 'altered', seq: 4 });
  });

  test('an end that is cut off or replaced shows in the head', () => {
    const entries = chainOf(5);
    expect(walk(entries.slice(0, 3), headOf(entries))).toMatchObject({ kind: 'missing', seq: 4 });
    const [forged] = extend(entries[3] as ChainEntry, [lineOf(5, { forged: true })], hash);
    expect(walk(entries.with(4, forged as ChainEntry), headOf(entries))).toMatchObject({ kind: 'altered', seq: 5 });
    expect(walk([], headOf(entries))).toMatchObject({ kind: 'missing', seq: 1 });
  });
});

function textOrNull(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
