/** What is searched for in the journal: stored in the address, requested from the API. */
import { expect, test } from 'vitest';
import { lineKind } from '#domain/journal/timeline';
import { journalAddress, journalFilterOf, journalQuery, nothingAsked } from '../../lambdas/console/src/parts/journal-filter.ts';
import { kindWords } from '../../lambdas/console/src/texts/words.ts';

const now = Date.UTC(2026, 10, 26, 12);

test('a filter survives the address', () => {
  const filter = { ...nothingAsked, q: 'jane & <co>', kind: 'decision', device: 'cloud/Jane Doe/Acme/X', from: '2026-11-01' };
  const address = new URL(journalAddress('cloud', filter), 'http://localhost');
  expect(journalFilterOf(address.searchParams)).toEqual(filter);
  expect(address.searchParams.get('source')).toBe('cloud');
});

test("days are the reader's, both included; a span counts back from the search", () => {
  const { from = '', to = '' } = journalQuery({ ...nothingAsked, from: '2026-11-03', to: '2026-11-04' }, now);
  expect(new Date(from).toString()).toContain('Nov 03 2026 00:00:00');
  expect(new Date(to).toString()).toContain('Nov 04 2026 23:59:59');
  expect(journalQuery({ ...nothingAsked, last: 'day' }, now)).toEqual({ from: '2026-11-25T12:00:00.000Z' });
});

test('an invalid day, span or word in an address is ignored', () => {
  const filter = journalFilterOf(new URLSearchParams({ from: 'yesterday', to: '2026-13-45', last: 'constructor', q: '  ' }));
  expect(journalQuery(filter, now)).toEqual({});
});

test('each kind of line has its words', () => {
  expect(Object.keys(kindWords).toSorted()).toEqual(lineKind.options.toSorted());
});
