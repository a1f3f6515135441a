/** Searching a long journal: what is found, how much is read for it, and that a page ends where the next one begins. */
import { expect, test } from 'vitest';
import type { ChainEntry } from '#domain/journal/hash-chain';
import { beginning, type Found, type JournalSearch, searchJournal, startOf, wantedOf } from '#functions/api/journal-search';

const count = 20_000;
const begin = Date.UTC(2026, 2, 2);
const minute = 60_000;
/** A line a minute: two weeks of them. */
const entryAt = (seq: number): ChainEntry => ({
  seq,
  previousHash: '',
  hash: '',
  line: {
    ...{ lineId: `l${seq}`, sourceId: 'cloud', user: `Übel ${seq % 7}/Acme`, deviceId: `D${seq % 7}`, id: `${seq}`, data: {} },
    ...{ at: begin + seq * minute, kind: seq % 1000 === 0 ? 'decision' : 'changed', says: `Level ${seq} by Ann` },
  },
});
const chain = Array.from({ length: count }, (_, index) => entryAt(index + 1));
const timeOf = (seq: number) => new Date(begin + seq * minute).toISOString();

/** The journal of one source; for any other, nothing. */
function counted() {
  const reads: number[] = [];
  const give = (sourceId: string, entries: ChainEntry[]) => {
    const given = sourceId === 'cloud' ? entries : [];
    reads.push(given.length);
    return given;
  };
  return {
    reads,
    head: async () => ({ seq: count, hash: '' }),
    async readChain(sourceId: string, { fromSeq = 1, limit = 500 } = {}) {
      const entries = give(sourceId, chain.slice(fromSeq - 1, fromSeq - 1 + limit));
      return { entries, nextSeq: fromSeq - 1 + limit < count && entries.length > 0 ? fromSeq + limit : null };
    },
    async readChainBack(
      sourceId: string,
      { fromSeq = count, limit = 500 }: { fromSeq?: number | undefined; limit?: number } = {},
    ) {
      const entries = give(sourceId, chain.slice(Math.max(0, fromSeq - limit), fromSeq).toReversed());
      return { entries, nextSeq: fromSeq > limit && entries.length > 0 ? fromSeq - limit : null };
    },
  };
}

type Asked = Partial<Omit<JournalSearch, 'wanted'>> & Parameters<typeof wantedOf>[0];

async function pages({ sources = ['cloud'], newestFirst = true, limit = 100, ...filter }: Asked) {
  const journal = counted();
  const search: JournalSearch = { sources, newestFirst, limit, ...wantedOf(filter) };
  const found: Found[] = [];
  let place = await startOf(journal, search, beginning(sources));
  while (place !== null) {
    const page: Found = await searchJournal(journal, search, await startOf(journal, search, place));
    found.push(page);
    place = page.next;
  }
  const seqs = found.flatMap(({ entries }) => entries.map(({ seq }) => seq));
  return { seqs, found, read: found.reduce((sum, { read }) => sum + read, 0), reads: journal.reads };
}

test('without a filter only what is returned is read, in either direction', async () => {
  const { seqs, found, read } = await pages({ limit: 300 });
  expect(seqs).toEqual(chain.map(({ seq }) => seq).toReversed());
  expect(read).toBe(count);
  expect(new Set(found.map(({ entries }) => entries.length))).toEqual(new Set([300, count % 300]));
  expect((await pages({ limit: 300, newestFirst: false })).seqs).toEqual(chain.map(({ seq }) => seq));
});

test('one request searches a bounded number of lines, and says how many', async () => {
  const { seqs, found, read } = await pages({ q: 'level 17777 ann' });
  expect(seqs).toEqual([17_777]);
  expect(Math.max(...found.map((page) => page.read))).toBe(4000);
  expect(read).toBe(count);
});

test('a full page ends at its last line: the next neither skips nor repeats', async () => {
  const { seqs, found } = await pages({ device: 'cloud/Übel 3/Acme/D3', limit: 10 });
  expect(seqs).toEqual(
    chain
      .filter(({ seq }) => seq % 7 === 3)
      .map(({ seq }) => seq)
      .toReversed(),
  );
  expect(Math.max(...found.map(({ entries }) => entries.length))).toBe(10);
});

test('words are found in any case and spelling, all of them or none', async () => {
  const decomposed = 'ÜBEL 5'.normalize('NFD');
  const { seqs } = await pages({ q: `${decomposed} BY`, from: timeOf(19_000), limit: 500 });
  expect(seqs.length).toBeGreaterThan(100);
  expect(seqs.every((seq) => entryAt(seq).line.says.includes('5') || seq % 7 === 5)).toBe(true);
  expect((await pages({ q: 'level bob', from: timeOf(19_000) })).seqs).toEqual([]);
});

test('a filter by kind and time reads little outside that time', async () => {
  const { seqs, read, reads } = await pages({ kind: 'decision', from: timeOf(9500), to: timeOf(11_500) });
  expect(seqs).toEqual([11_000, 10_000]);
  // The requested time, a day on either side for late lines, and whole parts.
  expect(read).toBeLessThan(2000 + 2 * 1440 + 2 * 500);
  expect(reads.filter((size) => size === 1).length).toBeLessThan(20);
});

test('a source without a journal is skipped', async () => {
  const { seqs } = await pages({ sources: ['empty', 'cloud', 'none'], kind: 'decision', newestFirst: false });
  expect(seqs).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) * 1000));
});
