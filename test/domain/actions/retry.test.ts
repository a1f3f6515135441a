/** Waiting for a slot: short at first, longer the more often it was in vain, and never so long that the source stands idle. */
import { expect, test } from 'vitest';
import { untilSlot } from '#domain/actions/retry';

test('the first wait is some seconds, each one in vain doubles it, and none is longer than a minute', () => {
  const waits = (random: number) => Array.from({ length: 12 }, (_, inVain) => untilSlot(inVain, random));
  expect(waits(0).slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
  expect(waits(0.99)[0]).toBeLessThan(5000);
  for (const random of [0, 0.5, 0.99]) {
    expect(Math.max(...waits(random))).toBeLessThanOrEqual(60_000);
    expect(waits(random).at(-1)).toBeGreaterThanOrEqual(30_000);
    expect(waits(random)).toEqual(waits(random).toSorted((one, other) => one - other));
  }
});

test('of ten thousand that wait for one source, a few hundred come in a second', () => {
  const inVain = 8;
  const ms = Array.from({ length: 10_000 }, (_, nth) => untilSlot(inVain, nth / 10_000));
  const inOneSecond = ms.filter((wait) => wait >= 45_000 && wait < 46_000).length;
  expect(inOneSecond).toBeLessThan(500);
});
