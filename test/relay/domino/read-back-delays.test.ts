import { expect, test } from 'vitest';
import { readBackDelays, remainingDelays } from '../../../relay/domino/read-back-delays.ts';

test.each([
  ['console', undefined, [250, 1_000, 2_000, 5_000, 10_000]],
  ['rest', undefined, [250, 1_000]],
  ['console', 2_000, [250, 1_000, 750]],
  ['console', 30_000, [250, 1_000, 2_000, 5_000, 10_000, 10_000, 1_750]],
  ['console', 0, []],
] as const)('at the %s, for %s ms in all, a device is read back after %j', (way, forMs, waits) => {
  expect(readBackDelays(way, forMs)).toEqual(waits);
});

test.each([
  [0, [250, 1_000, 2_000]],
  [100, [150, 1_000, 2_000]],
  [250, [1_000, 2_000]],
  [2_250, [1_000]],
  [9_999, []],
  [-5_000, [250, 1_000, 2_000]],
])('%i ms after the write %j of it are left', (elapsed, waits) => {
  expect(remainingDelays([250, 1_000, 2_000], elapsed)).toEqual(waits);
});
