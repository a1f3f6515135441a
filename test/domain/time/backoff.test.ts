import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';

const policy = (jitter: BackoffPolicy['jitter']): BackoffPolicy => ({ firstMs: 100, longestMs: 1_500, jitter });

describe('backoff', () => {
  test('doubles from the first wait up to the longest', () => {
    expect([1, 2, 3, 4, 5, 6].map((retry) => backoffMs(policy('none'), retry, 0))).toEqual([100, 200, 400, 800, 1_500, 1_500]);
  });

  test('randomises the wait with full jitter, half of it with half jitter', () => {
    expect([0, 0.5].map((random) => backoffMs(policy('full'), 2, random))).toEqual([0, 100]);
    expect([0, 0.5].map((random) => backoffMs(policy('half'), 2, random))).toEqual([100, 150]);
  });

  test('is finite and never longer than the longest wait, after any number of retries', () => {
    const jitter = fc.constantFrom('full' as const, 'half' as const, 'none' as const);
    fc.assert(
      fc.property(jitter, fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (kind, retry, random) => {
        const wait = backoffMs(policy(kind), retry, random);
        expect(wait).toBeGreaterThanOrEqual(kind === 'full' ? 0 : 50);
        expect(wait).toBeLessThanOrEqual(1_500);
      }),
    );
  });
});
