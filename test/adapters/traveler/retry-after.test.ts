import { expect, test } from 'vitest';
import { retryAfterMs } from '#adapters/traveler/retry-after';

test('Retry-After is read as seconds and as a date', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  expect(retryAfterMs('7', now)).toBe(7_000);
  expect(retryAfterMs('Sun, 01 Mar 2026 12:00:30 GMT', now)).toBe(30_000);
  expect(retryAfterMs('Sun, 01 Mar 2026 11:00:00 GMT', now)).toBe(0);
});

test('an absent or unreadable Retry-After is ignored', () => {
  expect(retryAfterMs(undefined, 0)).toBeUndefined();
  expect(retryAfterMs('', 0)).toBeUndefined();
  expect(retryAfterMs('soon', 0)).toBeUndefined();
});
