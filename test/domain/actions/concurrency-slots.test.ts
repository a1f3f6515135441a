/** Slots of a source: in any order of requests, those that run never add up to more than the source allows. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatherHolder, type LeasedSlots, leaseFrom, shareFrom } from '#domain/actions/concurrency-slots';

const step = fc.record({
  what: fc.constantFrom('lease', 'bulk', 'share', 'release'),
  worker: fc.integer({ min: 0, max: 5 }),
  wanted: fc.integer({ min: 1, max: 10 }),
  later: fc.constantFrom(0, 50, 1_000, 70_000),
  forMs: fc.constantFrom(100, 60_000),
});

test('running leases never exceed the limit, and no answer exceeds what is stored', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.array(step, { maxLength: 60 }), (limit, steps) => {
      let leased: LeasedSlots = { holders: {} };
      let now = 0;
      for (const { what, worker, wanted, later, forMs } of steps) {
        now += later;
        const holder = what === 'share' ? gatherHolder : `worker ${worker}`;
        const mine = leased.holders[holder];
        const lease = { holder, limit, now, until: now + forMs };
        if (what === 'release') delete leased.holders[holder];
        // A worker leases once and returns the slots; it does not lease more than it already holds.
        else if (what !== 'share' && mine && mine.until > now) continue;
        else {
          const inUse = mine && mine.until > now ? mine.slots : 0;
          const { slots, change } =
            what === 'share'
              ? shared(leased, { ...lease, inUse })
              : leaseFrom(leased, { ...lease, wanted, bulk: what === 'bulk' });
          leased = { ...leased, ...change };
          expect((leased.holders[holder]?.until ?? 0 > now) ? (leased.holders[holder]?.slots ?? 0) : 0).toBe(slots);
        }
        const running = Object.values(leased.holders).filter(({ until }) => until > now);
        expect(running.reduce((sum, { slots }) => sum + slots, 0)).toBeLessThanOrEqual(limit);
      }
    }),
  );
});

function shared(leased: LeasedSlots, lease: Parameters<typeof shareFrom>[1]) {
  const { held, change } = shareFrom(leased, lease);
  return { slots: held, change };
}

test('one free slot goes to gathers, then single actions, then bulks', () => {
  const at = (now: number, holder: string) => ({ holder, limit: 1, now, until: now + 1_000, wanted: 1 });
  let leased: LeasedSlots = { holders: { 'bulk 1': { slots: 1, until: 500 } } };
  leased = { ...leased, ...leaseFrom(leased, { ...at(100, 'single'), bulk: false }).change };
  leased = { ...leased, ...shareFrom(leased, { ...at(200, gatherHolder), inUse: 0 }).change };
  expect(leaseFrom(leased, { ...at(600, 'bulk 2'), bulk: true }).slots).toBe(0);
  expect(leaseFrom(leased, { ...at(600, 'single'), bulk: false }).slots).toBe(0);
  expect(shareFrom(leased, { ...at(700, gatherHolder), inUse: 0 }).held).toBe(1);
});
