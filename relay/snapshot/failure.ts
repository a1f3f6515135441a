/** What can go wrong with the snapshot's file, by SQLite result code. */
import type { Explanation } from '#adapters/traveler/failure';
import { sqliteCode } from '../sqlite-code.ts';

/** The disk cannot be written to, or cannot be read. Nothing was changed. */
export class SnapshotFailure extends Error {
  readonly problem: Explanation;
  constructor(problem: Explanation, cause: unknown) {
    super(`${problem.what} (${problem.where}). ${problem.remedy}`, { cause });
    this.name = 'SnapshotFailure';
    this.problem = problem;
  }
}

/** The file was broken and has been moved away; the next gather reads the whole source again. */
export class SnapshotLost extends Error {
  constructor(cause: unknown) {
    super('The snapshot was broken and has been set aside', { cause });
    this.name = 'SnapshotLost';
  }
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const broken = new Set([11, 26]);
const diskFailures = new Map<number, string>([
  [8, 'may not be written to'],
  [10, 'cannot be read or written'],
  [13, 'is full'],
  [14, 'cannot be opened'],
]);

export const isBroken = (error: unknown): boolean => error instanceof BrokenContent || broken.has(sqliteCode(error) ?? 0);

/** SQLite finds nothing wrong, but the content is not ours. */
export class BrokenContent extends Error {}

/** The failure that a disk error amounts to; null if it is not a disk error. */
export function diskFailure(error: unknown, directory: string): SnapshotFailure | null {
  const how = diskFailures.get(sqliteCode(error) ?? 0);
  if (how === undefined) return null;
  return new SnapshotFailure(
    {
      what: `The disk with the relay's data directory ${how}`,
      where: `data directory ${directory}`,
      remedy:
        'Free some space there, or see to it that the relay may write there. What the relay knew is unharmed; the next gather goes on by itself.',
    },
    error,
  );
}
