/** How long after a write the device is read back before it counts as without effect, ms between the readings. */
const waits = {
  /** Replies come asynchronously or not at all. */
  console: [250, 1_000, 2_000, 5_000, 10_000],
  /** A pool of servers may take a moment to agree. */
  rest: [250, 1_000],
} as const;

/** `forMs`: for how long in all; the usual time where it is left out. A longer one repeats the longest wait. */
export function readBackDelays(way: keyof typeof waits, forMs?: number): number[] {
  const usual: readonly number[] = waits[way];
  const kept: number[] = [];
  let left = forMs ?? usual.reduce((sum, ms) => sum + ms, 0);
  for (let nth = 0; left > 0; nth++) {
    const ms = Math.min(left, usual[nth] ?? usual.at(-1) ?? left);
    kept.push(ms);
    left -= ms;
  }
  return kept;
}

/** What is left of it when so much time (ms) has gone by since the write. */
export function remainingDelays(readBack: readonly number[], elapsedMs: number): number[] {
  let past = Math.max(0, elapsedMs);
  return readBack.flatMap((ms) => {
    const left = Math.max(0, ms - past);
    past = Math.max(0, past - ms);
    return left > 0 ? [left] : [];
  });
}
