/** Randomness and pauses, for everything that retries: tests pass their own. */
import { setTimeout } from 'node:timers/promises';

/** `random` is in [0, 1); `pause` takes milliseconds. */
export type RetryTiming = { random: () => number; pause: (ms: number) => Promise<unknown> };

export const realTiming: RetryTiming = { random: Math.random, pause: (ms) => setTimeout(ms) };
