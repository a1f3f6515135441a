/** How long to wait before the next try. Pure: randomness is an argument. */
import { backoffMs } from '#domain/time/backoff';

/**
 * `now`: the cloud asked us to reconnect at once; `soon`: cut or unreachable; `later`: the cloud asked us to stay away for a while;
 * `slow`: rejected, and a person has to do something. Even then, retries never stop.
 */
export type Pace = 'now' | 'soon' | 'later' | 'slow';

/** `leastMs`: prevents a busy loop, whatever the random number. */
export const paces: Record<Pace, { leastMs: number; baseMs: number; capMs: number }> = {
  now: { leastMs: 50, baseMs: 200, capMs: 60_000 },
  soon: { leastMs: 100, baseMs: 500, capMs: 60_000 },
  later: { leastMs: 1_000, baseMs: 10_000, capMs: 300_000 },
  slow: { leastMs: 1_000, baseMs: 5_000, capMs: 600_000 },
};

/**
 * Full jitter, applied after the cap, so that relays that have been away for long do not reconnect in step. `failures`: failed tries
 * since a connection last held; `chance`: random in [0, 1).
 */
export function delay(pace: Pace, { failures, chance }: { failures: number; chance: number }): number {
  const { leastMs, baseMs, capMs } = paces[pace];
  const ceiling = backoffMs({ firstMs: baseMs, longestMs: capMs, jitter: 'none' }, failures + 1, chance);
  return leastMs + Math.floor(chance * (ceiling - leastMs));
}
