/** What is exported from the console as a file, and what its address stores. */
import { expect, test } from 'vitest';
import { canonical as sealed } from '#domain/journal/hash-chain';
import { csvOf } from '../../lambdas/console/src/parts/csv.ts';
import { filterOf, filterOfTokens, tokensOf } from '../../lambdas/console/src/parts/device-filter.ts';
import { canonical } from '../../lambdas/console/src/parts/journal.ts';
import type { ExplainedDevice } from '../../lambdas/console/src/schemas.ts';

const device: ExplainedDevice = {
  sourceId: 'cloud',
  user: 'Jane "J" Doe, Sales/Acme',
  deviceId: '=1+2',
  client: 'ios-mail',
  provider: '',
  type: '',
  approval: 'pending',
  access: 'allow',
  wipe: 'none',
  state: 'present',
  verdict: 'hold',
  rule: 'over-allowance',
  evidence: 'third of 2 allowed',
  wouldChange: null,
  settingsVersion: 1,
  decidedAt: null,
  match: null,
  firstSeen: '2026-01-01T00:00:00.000Z',
  lastSync: null,
  heldSince: null,
  existing: false,
  openAction: null,
};

test('names with quotes and commas stay one cell, and none becomes a formula', () => {
  const [, row = ''] = csvOf([device]).split('\r\n');
  expect(row).toContain('cloud,"Jane ""J"" Doe, Sales/Acme",\'=1+2,ios-mail');
});

test('a filter survives the address and the filter field, in words or in codes', () => {
  const filter = { verdict: 'hold', state: 'missing', q: 'jane & <co>' };
  expect(filterOf(new URLSearchParams(filter))).toEqual(filter);
  expect(filterOfTokens(tokensOf(filter))).toEqual(filter);
  const typed = { operation: 'and' as const, tokens: [{ propertyKey: 'verdict', operator: '=', value: 'held' }] };
  expect(filterOfTokens(typed)).toEqual({ verdict: 'hold' });
});

test('the console serialises a line exactly as it was sealed', () => {
  const entry = { seq: 2, previousHash: 'x', line: { b: [1, { d: null, c: 'ü"' }], a: 0.5, é: true } };
  expect(canonical(entry)).toBe(sealed(entry));
});
