/** Chance and waiting, as everything that retries takes them: a test passes its own, the product those of the machine. */
import { setTimeout } from 'node:timers/promises';

/** `random` is in [0, 1); `pause` takes milliseconds. */
export type RetryTiming = { random: () => number; pause: (ms: number) => Promise<unknown> };

export const realTiming: RetryTiming = { random: Math.random, pause: (ms) => setTimeout(ms) };
