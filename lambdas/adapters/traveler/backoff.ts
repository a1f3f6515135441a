/** How long to wait before asking a busy or silent server again. */
import type { RetryPolicy } from './contract.ts';

/** Full jitter: callers that failed together come back apart. `tried` counts from 1; `random` is in [0, 1). */
export function jittered(tried: number, { baseMs, longestMs }: RetryPolicy, random: () => number): number {
  return Math.floor(random() * Math.min(longestMs, baseMs * 2 ** (tried - 1)));
}

/** `Retry-After` as milliseconds from `now` (epoch ms): seconds or an HTTP date; undefined when absent or unreadable. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
