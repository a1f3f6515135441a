/** When to try again. Pure: chance and time are arguments. */
import type { Action } from '#domain/actions/action';

const second = 1000;
/** SQS delivers a delayed message at most 15 minutes later; so no wait is longer than one wake-up. */
export const longestWait = 900 * second;
const shortestWait = second;
/** A wake-up may come this much before its time, by clocks that differ. */
export const slack = second;

/**
 * Full jitter: a random part of 2, 4, 8 … seconds, at most 15 minutes, so that actions that failed together come back apart.
 * `attempts` counts from 1; `random` is in [0, 1); `atLeast` is what the server asked for, ms.
 */
export function backoff(attempts: number, random: number, { atLeast = 0 }: { atLeast?: number } = {}): number {
  const ceiling = Math.min(longestWait, second * 2 ** Math.min(attempts, 20));
  return Math.min(longestWait, Math.max(shortestWait, atLeast, Math.floor(random * ceiling)));
}

const longestWaitForSlot = 60 * second;

/**
 * For a source that takes no more at once, ms: some seconds, and twice as many each time it was in vain. Of thousands that wait for
 * the same source only some come at a time; all of them every few seconds would keep every worker busy with waiting.
 */
export function untilSlot(inVain: number, random: number): number {
  const first = second + random * 4 * second;
  return Math.floor(Math.min(longestWaitForSlot * (0.5 + random / 2), first * 2 ** Math.min(inVain, 10)));
}

/** Epoch ms of the next try: after `wait`, and not after a deadline that is still to come, so that an action expires on time. */
export const nextTry = ({ expiresAt }: Pick<Action, 'expiresAt'>, now: number, { wait }: { wait: number }): number =>
  expiresAt > now ? Math.min(now + wait, expiresAt) : now + wait;

/** Whole seconds, as SQS delays: never early. */
export const delaySeconds = (until: number, now: number): number =>
  Math.max(0, Math.min(longestWait / second, Math.ceil((until - now) / second)));
