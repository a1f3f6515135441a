/** How long after a write the device is read back before it counts as without effect, ms between the readings. */
const waits = {
  /** Replies come asynchronously or not at all. */
  console: [250, 1_000, 2_000, 5_000, 10_000],
  /** A pool of servers may take a moment to agree. */
  rest: [250, 1_000],
} as const;

/** `capMs`: for how long at most, in all; the usual time where it is left out. */
export function patience(way: keyof typeof waits, capMs: number = Number.POSITIVE_INFINITY): number[] {
  const kept: number[] = [];
  let left = capMs;
  for (const ms of waits[way]) {
    if (left <= 0) break;
    kept.push(Math.min(ms, left));
    left -= ms;
  }
  return kept;
}

/** What is left of it when so much time (ms) has gone by since the write. */
export function patienceLeft(readBack: readonly number[], elapsedMs: number): number[] {
  let past = Math.max(0, elapsedMs);
  return readBack.flatMap((ms) => {
    const left = Math.max(0, ms - past);
    past = Math.max(0, past - ms);
    return left > 0 ? [left] : [];
  });
}
