/** How long to wait before the next try. Pure: chance is an argument. */
import { backoffMs } from '#domain/time/backoff';

/**
 * `now`: we were asked to come back at once; `soon`: cut or unreachable; `later`: we were asked to stay away for a while; `slow`:
 * turned away, and a person has to do something. Even these go on trying for ever.
 */
export type Pace = 'now' | 'soon' | 'later' | 'slow';

/** `leastMs`: no busy loop, however the dice fall. */
export const paces: Record<Pace, { leastMs: number; baseMs: number; capMs: number }> = {
  now: { leastMs: 50, baseMs: 200, capMs: 60_000 },
  soon: { leastMs: 100, baseMs: 500, capMs: 60_000 },
  later: { leastMs: 1_000, baseMs: 10_000, capMs: 300_000 },
  slow: { leastMs: 1_000, baseMs: 5_000, capMs: 600_000 },
};

/**
 * Full jitter, applied after the cap, so that relays that have long been away do not come back in step. `failures`: tries that
 * failed since a connection last held; `chance` is in [0, 1).
 */
export function delay(pace: Pace, { failures, chance }: { failures: number; chance: number }): number {
  const { leastMs, baseMs, capMs } = paces[pace];
  const ceiling = backoffMs({ firstMs: baseMs, longestMs: capMs, jitter: 'none' }, failures + 1, chance);
  return leastMs + Math.floor(chance * (ceiling - leastMs));
}
