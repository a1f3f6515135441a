/** Many actions from the command line: what a file may contain, how requests are split, and the progress line. */
import { expect, test } from 'vitest';
import { inRequests, lineOf } from '#infra/cli/bulk';
import { readTargets } from '#infra/cli/request-actions';

test('a file names devices by source, user and device, in any order of columns', () => {
  const csv = '\uFEFFdevice,source,user\nAppl1, cloud ,Jane Doe/Acme\n\n"A,2",cloud,"Zoë ""Z"" Müller/Acme"\n';
  expect(readTargets(csv)).toEqual([
    { sourceId: 'cloud', user: 'Jane Doe/Acme', deviceId: 'Appl1' },
    { sourceId: 'cloud', user: 'Zoë "Z" Müller/Acme', deviceId: 'A,2' },
  ]);
});

test('a file with a gap is rejected completely, naming the line', () => {
  expect(() => readTargets('source,user,device\ncloud,Jane/Acme,A1\ncloud,,A2\n')).toThrow(/line 3; nothing was done/);
  expect(() => readTargets('source,name,device\ncloud,Jane/Acme,A1\n')).toThrow(/columns source,user,device/);
});

test('requests hold at most 10,000 actions and less than 6 MB', () => {
  expect(inRequests(Array.from({ length: 20_001 }, (_, nth) => nth)).map(({ length }) => length)).toEqual([10_000, 10_000, 1]);
  const large = inRequests(Array.from({ length: 6_000 }, () => 'x'.repeat(2_000)));
  expect(large.flat()).toHaveLength(6_000);
  for (const one of large) expect(Buffer.byteLength(JSON.stringify(one))).toBeLessThan(6_000_000);
  expect(inRequests([])).toEqual([]);
});

test('the progress line counts ended actions by state and estimates the time left', () => {
  const one = {
    bulkId: 'b',
    actions: 10_000,
    ended: 4_211,
    staged: 0,
    states: { confirmed: 4_200, failed: 11, queued: 5_789 },
    refused: 0,
    refusals: [],
    estimatedEnd: '2026-03-01T08:02:00.000Z',
    cancelledAt: null,
  };
  expect(lineOf(one, Date.parse('2026-03-01T08:00:00Z'))).toBe(
    '[##########--------------] 4,211 of 10,000: confirmed 4,200, failed 11, queued 5,789; about 2 min left',
  );
  expect(lineOf({ ...one, cancelledAt: '2026-03-01T08:00:00.000Z' }, 0)).toMatch(/; cancelled$/);
});
