/** Counts of a run, over all its invocations, written to the run record now and then while it goes on. */

import type { GatherRun } from '#domain/devices/source';
import { estimateEnd } from '#domain/gather/gather-progress';
import type { GatherDependencies } from './dependencies.ts';

const writtenEveryMs = 2_000;

export type RunCounters = {
  counts: GatherRun['counts'];
  /** Call as often as there is news: it writes at most every two seconds, and never keeps the gather waiting. */
  news(): void;
  /** What the run record is to hold now. */
  soFar(): Pick<GatherRun, 'baseline' | 'counts' | 'requests' | 'units'>;
  /** Waits for a write that is under way; later news is not written. */
  close(): Promise<void>;
};

export function runCounters(
  { runs, now, units }: Pick<GatherDependencies, 'runs' | 'now' | 'units'>,
  run: GatherRun,
  { requests, baseline }: { requests: () => number; baseline: boolean },
): RunCounters {
  // The list is read anew by each invocation; what was worked off adds up.
  const counts = { ...run.counts, pages: 0, devices: 0, totalRecords: null };
  const [unitsBefore, requestsBefore, begun] = [{ ...units() }, requests(), now()];
  let writtenAt = begun;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;

  function soFar() {
    const spent = units();
    return {
      baseline,
      counts: { ...counts },
      requests: run.requests + requests() - requestsBefore,
      units: {
        read: run.units.read + spent.read - unitsBefore.read,
        write: run.units.write + spent.write - unitsBefore.write,
      },
    };
  }

  return {
    counts,
    news() {
      if (closed || now() - writtenAt < writtenEveryMs) return;
      writtenAt = now();
      const estimatedEnd = estimateEnd({ ...counts, startedAt: begun, now: writtenAt });
      // Progress is for the eye: a failed write of it is no reason to stop, the next one comes soon.
      writing = writing.then(() => runs.update(run, { ...soFar(), estimatedEnd })).catch(() => undefined);
    },
    soFar,
    async close() {
      closed = true;
      await writing;
    },
  };
}
