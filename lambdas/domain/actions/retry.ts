/** When to retry. Pure: random numbers and time are arguments. */
import type { Action } from '#domain/actions/action';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';

const second = 1000;
/** SQS delays a message by at most 15 minutes, so no single wait is longer. */
export const longestWait = 900 * second;
const shortestWait = second;
/** A message may arrive this much early, because clocks differ. */
export const clockTolerance = second;

/** Full jitter over 2, 4, 8 ... seconds, at most 15 minutes, so that actions that failed together are not retried together. */
const policy: BackoffPolicy = { firstMs: 2 * second, longestMs: longestWait, jitter: 'full' };

/** In ms. `attempts` counts from 1; `random` is in [0, 1); `atLeast` is the wait that the server requested, ms. */
export function backoff(attempts: number, random: number, { atLeast = 0 }: { atLeast?: number } = {}): number {
  return withinLimits(Math.max(atLeast, Math.floor(backoffMs(policy, attempts, random))));
}

/** `ms`, limited to what a delayed message can do: at least a second, at most 15 minutes. */
export const withinLimits = (ms: number): number => Math.min(longestWait, Math.max(shortestWait, ms));

const longestWaitForSlot = 60 * second;

/**
 * The wait for a source without a free slot, ms: 1 to 5 seconds at first, doubled each time (`waited`: how often it has waited
 * already). When thousands wait for one source, retrying all of them every few seconds would keep every worker busy.
 */
export function untilSlot(waited: number, random: number): number {
  const longestMs = longestWaitForSlot * (0.5 + random / 2);
  return Math.floor(backoffMs({ firstMs: second + random * 4 * second, longestMs, jitter: 'none' }, waited + 1, random));
}

/** Epoch ms of the next attempt: after `wait`, but no later than a deadline still ahead, so that an action expires on time. */
export const nextTry = ({ expiresAt }: Pick<Action, 'expiresAt'>, now: number, { wait }: { wait: number }): number =>
  expiresAt > now ? Math.min(now + wait, expiresAt) : now + wait;

/** The SQS delay in whole seconds, rounded up so that nothing is early. */
export const delaySeconds = (until: number, now: number): number =>
  Math.max(0, Math.min(longestWait / second, Math.ceil((until - now) / second)));
