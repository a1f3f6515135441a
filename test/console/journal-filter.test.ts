/** The journal filter: in the address, and in requests to the API. */
import { expect, test } from 'vitest';
import { lineKind } from '#domain/journal/timeline';
import { journalAddress, journalFilterOf, journalQuery, noFilter } from '../../lambdas/console/src/parts/journal-filter.ts';
import { kindWords } from '../../lambdas/console/src/texts/words.ts';

const now = Date.UTC(2026, 10, 26, 12);

test('a filter survives the address', () => {
  const filter = { ...noFilter, q: 'jane & <co>', kind: 'decision', device: 'cloud/Jane Doe/Acme/X', from: '2026-11-01' };
  const address = new URL(journalAddress('cloud', filter), 'http://localhost');
  expect(journalFilterOf(address.searchParams)).toEqual(filter);
  expect(address.searchParams.get('source')).toBe('cloud');
});

test('days are inclusive in local time; spans end when the search began', () => {
  const { from = '', to = '' } = journalQuery({ ...noFilter, from: '2026-11-03', to: '2026-11-04' }, now);
  expect(new Date(from).toString()).toContain('Nov 03 2026 00:00:00');
  expect(new Date(to).toString()).toContain('Nov 04 2026 23:59:59');
  expect(journalQuery({ ...noFilter, last: 'day' }, now)).toEqual({ from: '2026-11-25T12:00:00.000Z' });
});

test('invalid days, spans and blank text in an address are ignored', () => {
  const filter = journalFilterOf(new URLSearchParams({ from: 'yesterday', to: '2026-13-45', last: 'constructor', q: '  ' }));
  expect(journalQuery(filter, now)).toEqual({});
});

test('every kind of line has a label', () => {
  expect(Object.keys(kindWords).toSorted()).toEqual(lineKind.options.toSorted());
});
