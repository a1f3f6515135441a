/** How often, and how soon, a child process that ended unexpectedly is restarted. */
import { backoffMs } from '#domain/time/backoff';

/** `inARow`: restarts since it last ran steadily. `startedAt`: of the current process, epoch ms. */
export type Restarts = { inARow: number; startedAt: number };

/** A process that has run this long is steady. */
const steadyMs = 60_000;
const mostInARow = 10;
const policy = { firstMs: 100, longestMs: 5000, jitter: 'none' } as const;

/** The first restart is immediate. Null: it ended too often in a row and is not restarted. */
export function nextRestart({ inARow, startedAt }: Restarts, now: number): { inARow: number; waitMs: number } | null {
  const next = now - startedAt >= steadyMs ? 1 : inARow + 1;
  if (next > mostInARow) return null;
  return { inARow: next, waitMs: next === 1 ? 0 : backoffMs(policy, next - 1, 0) };
}
