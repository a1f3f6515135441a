/** How long to wait before a retry: one formula for all retries of the product. Pure: the random number is an argument. */

/**
 * Waits double from `firstMs` (before the first retry) up to `longestMs`. `jitter`: `full` takes a random part of the wait, so
 * that callers that failed together do not retry together; `half` waits at least half of it; `none` waits all of it.
 */
export type BackoffPolicy = { firstMs: number; longestMs: number; jitter: 'full' | 'half' | 'none' };

/** Enough doublings for any policy, and few enough that no wait becomes infinite. */
const mostDoublings = 40;

/** In ms. `retry` counts from 1; `random` is in [0, 1). */
export function backoffMs({ firstMs, longestMs, jitter }: BackoffPolicy, retry: number, random: number): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(Math.max(retry - 1, 0), mostDoublings));
  return ceiling * share[jitter](random);
}

const share: Record<BackoffPolicy['jitter'], (random: number) => number> = {
  full: (random) => random,
  half: (random) => 0.5 + random / 2,
  none: () => 1,
};
