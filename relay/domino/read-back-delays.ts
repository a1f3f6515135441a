/** How long the device is read back after a write before the write counts as without effect: ms between the reads. */
const waits = {
  /** Replies come asynchronously or not at all. */
  console: [250, 1_000, 2_000, 5_000, 10_000],
  /** A pool of servers may take a moment to agree. */
  rest: [250, 1_000],
} as const;

/** `forMs`: total time; the default if omitted. A longer time repeats the longest delay. */
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

/** The delays that remain `elapsedMs` after the write. */
export function remainingDelays(readBack: readonly number[], elapsedMs: number): number[] {
  let past = Math.max(0, elapsedMs);
  return readBack.flatMap((ms) => {
    const left = Math.max(0, ms - past);
    past = Math.max(0, past - ms);
    return left > 0 ? [left] : [];
  });
}
