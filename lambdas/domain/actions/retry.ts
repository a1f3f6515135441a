/** When to try again. Pure: chance and time are arguments. */
import type { Action } from '#domain/actions/action';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';

const second = 1000;
/** SQS delivers a delayed message at most 15 minutes later; so no wait is longer than one wake-up. */
export const longestWait = 900 * second;
const shortestWait = second;
/** A wake-up may come this much before its time, by clocks that differ. */
export const clockTolerance = second;

/** Full jitter over 2, 4, 8 ... seconds, at most 15 minutes, so that actions that failed together come back apart. */
const policy: BackoffPolicy = { firstMs: 2 * second, longestMs: longestWait, jitter: 'full' };

/** In ms. `attempts` counts from 1; `random` is in [0, 1); `atLeast` is what the server asked for, ms. */
export function backoff(attempts: number, random: number, { atLeast = 0 }: { atLeast?: number } = {}): number {
  return withinLimits(Math.max(atLeast, Math.floor(backoffMs(policy, attempts, random))));
}

/** A wait that no wake-up is too coarse or too short-lived for, ms. */
export const withinLimits = (ms: number): number => Math.min(longestWait, Math.max(shortestWait, ms));

const longestWaitForSlot = 60 * second;

/**
 * For a source whose slots are all taken, ms: 1 to 5 seconds at first, twice as many each time (`waited`: how often it has waited
 * already). Of thousands that wait for one source only some come at a time; all of them every few seconds would keep every worker busy.
 */
export function untilSlot(waited: number, random: number): number {
  const longestMs = longestWaitForSlot * (0.5 + random / 2);
  return Math.floor(backoffMs({ firstMs: second + random * 4 * second, longestMs, jitter: 'none' }, waited + 1, random));
}

/** Epoch ms of the next try: after `wait`, and not after a deadline that is still to come, so that an action expires on time. */
export const nextTry = ({ expiresAt }: Pick<Action, 'expiresAt'>, now: number, { wait }: { wait: number }): number =>
  expiresAt > now ? Math.min(now + wait, expiresAt) : now + wait;

/** Whole seconds, as SQS delays: never early. */
export const delaySeconds = (until: number, now: number): number =>
  Math.max(0, Math.min(longestWait / second, Math.ceil((until - now) / second)));
