import { expect, test } from 'vitest';
import { healthy } from '../../../relay/doctor/finding.ts';
import { type Check, type CheckResult, runChecks } from '../../../relay/doctor/run-checks.ts';

const checks: Check<null>[] = [
  { id: 'quick', name: 'Quick', needs: [], run: () => healthy('it is there') },
  { id: 'endless', name: 'Endless', needs: [], run: () => new Promise(() => undefined) },
  { id: 'after', name: 'After', needs: ['endless'], run: () => healthy('it is there') },
  { id: 'beside', name: 'Beside', needs: [], run: async () => healthy('it is there') },
];

test('a check that never ends is broken, and the others still run', async () => {
  const found: CheckResult[] = [];
  for await (const one of runChecks(checks, null, { longestMs: 20 })) found.push(one);
  expect(found.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
    'quick well',
    'endless broken',
    'after not-tried',
    'beside well',
  ]);
  expect(found[1]?.cure).toContain('relay doctor');
});
