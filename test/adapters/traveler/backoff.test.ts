import { expect, test } from 'vitest';
import { jittered, retryAfterMs } from '#adapters/traveler/backoff';

const policy = { tries: 5, baseMs: 100, longestMs: 1_000 };

test('the wait is a random part of a time that doubles with each try, up to the longest', () => {
  const longest = [1, 2, 3, 4, 5, 9].map((tried) => jittered(tried, policy, () => 1));
  expect(longest).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect(jittered(3, policy, () => 0)).toBe(0);
  expect(jittered(3, policy, () => 0.25)).toBe(100);
});

test('Retry-After is read as seconds and as a date', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  expect(retryAfterMs('7', now)).toBe(7_000);
  expect(retryAfterMs('Sun, 01 Mar 2026 12:00:30 GMT', now)).toBe(30_000);
  expect(retryAfterMs('Sun, 01 Mar 2026 11:00:00 GMT', now)).toBe(0);
});

test('an absent or unreadable Retry-After says nothing', () => {
  expect(retryAfterMs(undefined, 0)).toBeUndefined();
  expect(retryAfterMs('', 0)).toBeUndefined();
  expect(retryAfterMs('soon', 0)).toBeUndefined();
});
