import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delay, type Pace, paces } from '../../../relay/connection/backoff.ts';

const names: Pace[] = ['now', 'soon', 'later', 'slow'];
const aPace = fc.constantFrom(...names);
const aChance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('no wait is shorter than the minimum or longer than the cap', () => {
  fc.assert(
    fc.property(aPace, fc.nat(1_000_000), aChance, (pace, failures, chance) => {
      const { leastMs, capMs } = paces[pace];
      const ms = delay(pace, { failures, chance });
      expect(ms).toBeGreaterThanOrEqual(leastMs);
      expect(ms).toBeLessThanOrEqual(capMs);
    }),
  );
});

test('waits grow with the failures up to the cap', () => {
  fc.assert(
    fc.property(aPace, fc.nat(40), aChance, (pace, failures, chance) => {
      expect(delay(pace, { failures: failures + 1, chance })).toBeGreaterThanOrEqual(delay(pace, { failures, chance }));
    }),
  );
});

describe('at the cap, relays still do not reconnect in step', () => {
  test.each(names)('%s: a thousand relays spread evenly over the whole wait', (pace) => {
    const { leastMs, capMs } = paces[pace];
    const waits = Array.from({ length: 1_000 }, (_, at) => delay(pace, { failures: 50, chance: at / 1_000 }));
    const tenths = waits.map((ms) => Math.floor(((ms - leastMs) / (capMs - leastMs)) * 10));
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = tenths.filter((each) => each === tenth).length;
      expect(share).toBeGreaterThan(90);
      expect(share).toBeLessThan(110);
    }
    expect(new Set(waits).size).toBe(1_000);
  });
});
