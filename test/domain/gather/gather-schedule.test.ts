import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ListedDevice } from '#domain/devices/device';
import { contradiction, hour, isDue, isRemoved, missingMinutes } from '#domain/gather/gather-schedule';
import { rowFingerprint } from '#domain/gather/row-fingerprint';

const hash = fc.stringMatching(/^[0-9a-f]{16}$/);

test('whenever gathers run, a device is due once per period, never twice per window', () => {
  fc.assert(
    fc.property(hash, fc.array(fc.integer({ min: 1, max: 3 * hour }), { minLength: 1, maxLength: 60 }), (key, steps) => {
      const period = 24 * hour;
      let since = 1_772_000_000_000;
      const start = since;
      let due = 0;
      for (const step of steps) {
        if (isDue(key, { since, now: since + step, period })) due++;
        since += step;
      }
      const periods = (since - start) / period;
      expect(due).toBeGreaterThanOrEqual(Math.floor(periods));
      expect(due).toBeLessThanOrEqual(Math.ceil(periods));
    }),
  );
});

test('after a pause of a whole period, or without history, everything is due', () => {
  expect(isDue('0'.repeat(16), { since: 0, now: 24 * hour, period: 24 * hour })).toBe(true);
  expect(isDue('f'.repeat(16), { since: null, now: 1, period: 24 * hour })).toBe(true);
});

test('a missing device counts as removed after the configured time, never earlier', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 0, max: 100 * hour }), (at, later) => {
      const removed = isRemoved(missingMinutes(at), { now: at + later, removeAfterHours: 48 });
      if (later < 48 * hour) expect(removed).toBe(false);
      if (later >= 48 * hour + 60_000) expect(removed).toBe(true);
    }),
  );
});

test.each([
  ['nothing, where nothing is known', { unique: 0, rejected: 0, totalRecords: 0, known: 0 }, true],
  ['nothing, where devices are known', { unique: 0, rejected: 0, totalRecords: 0, known: 3 }, false],
  ['a few rows off', { unique: 695, rejected: 0, totalRecords: 700, known: 700 }, true],
  ['one percent off', { unique: 9_900, rejected: 0, totalRecords: 10_000, known: 10_000 }, true],
  ['more than that off', { unique: 9_899, rejected: 0, totalRecords: 10_000, known: 10_000 }, false],
  ['the rest in rows that cannot be read', { unique: 600, rejected: 100, totalRecords: 700, known: 700 }, true],
  ['no count, and half of them', { unique: 350, rejected: 0, totalRecords: null, known: 700 }, true],
  ['no count, and hardly any', { unique: 20, rejected: 0, totalRecords: null, known: 700 }, false],
])('a list with %s: believed is %#', (_what, reading, believed) => {
  expect(contradiction(reading) === null).toBe(believed);
});

const row: ListedDevice = {
  ...{ user: 'Jane Doe/Acme', deviceId: 'ApplX', provider: 'iPhone', type: 'Apple-iPhone7C2/1403.92', level: '1' },
  ...{ notification: 'tcp', lastSync: 5, href: '/x', detail: null },
};
const compared = (change: Partial<ListedDevice>) => {
  const [a, b] = [rowFingerprint(row), rowFingerprint({ ...row, ...change })];
  return { samePhone: a.identity === b.identity, sameDescription: a.description === b.description };
};

test('row changes are classified as none, descriptive, or another phone', () => {
  expect(compared({ lastSync: 99 })).toEqual({ samePhone: true, sameDescription: true });
  expect(compared({ level: '2' })).toEqual({ samePhone: true, sameDescription: false });
  expect(compared({ type: 'Apple-iPhone7C2/1404.1' })).toEqual({ samePhone: true, sameDescription: false });
  expect(compared({ type: 'Apple-iPhone9C1/1403.92' }).samePhone).toBe(false);
  expect(compared({ href: '/y' }).samePhone).toBe(false);
  expect(compared({ provider: 'iPad' }).samePhone).toBe(false);
});

test('text that moves from one field to the next is a change', () => {
  const [a, b] = [
    rowFingerprint({ ...row, level: 'ab', notification: 'c' }),
    rowFingerprint({ ...row, level: 'a', notification: 'bc' }),
  ];
  expect(a.description).not.toBe(b.description);
});
