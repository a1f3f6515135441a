/** Waiting for a slot: short at first, longer each time, and never so long that the source is idle. */
import { expect, test } from 'vitest';
import { untilSlot } from '#domain/actions/retry';

test('waits start at some seconds, double each time, and end at a minute', () => {
  const waits = (random: number) => Array.from({ length: 12 }, (_, waited) => untilSlot(waited, random));
  expect(waits(0).slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
  expect(waits(0.99)[0]).toBeLessThan(5000);
  for (const random of [0, 0.5, 0.99]) {
    expect(Math.max(...waits(random))).toBeLessThanOrEqual(60_000);
    expect(waits(random).at(-1)).toBeGreaterThanOrEqual(30_000);
    expect(waits(random)).toEqual(waits(random).toSorted((one, other) => one - other));
  }
});

test('of ten thousand waiting for one source, a few hundred retry in a second', () => {
  const waited = 8;
  const ms = Array.from({ length: 10_000 }, (_, nth) => untilSlot(waited, nth / 10_000));
  const inOneSecond = ms.filter((wait) => wait >= 45_000 && wait < 46_000).length;
  expect(inOneSecond).toBeLessThan(500);
});
