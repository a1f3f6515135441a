/** Counts of a run, over all its invocations, written to the run record from time to time while it runs. */

import type { GatherRun } from '#domain/devices/source';
import { estimateEnd } from '#domain/gather/gather-progress';
import type { GatherDependencies } from './dependencies.ts';

const writtenEveryMs = 2_000;

export type RunCounters = {
  counts: GatherRun['counts'];
  /** To be called after each progress: writes at most every two seconds, and never delays the gather. */
  noteProgress(): void;
  /** The current values for the run record. */
  soFar(): Pick<GatherRun, 'baseline' | 'counts' | 'requests' | 'units'>;
  /** Waits for a write in progress; later progress is not written. */
  close(): Promise<void>;
};

export function runCounters(
  { runs, now, units }: Pick<GatherDependencies, 'runs' | 'now' | 'units'>,
  run: GatherRun,
  { requests, baseline }: { requests: () => number; baseline: boolean },
): RunCounters {
  // Each invocation reads the list again; the counts of processed devices add up.
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
    noteProgress() {
      if (closed || now() - writtenAt < writtenEveryMs) return;
      writtenAt = now();
      const estimatedEnd = estimateEnd({ ...counts, startedAt: begun, now: writtenAt });
      // Progress is only displayed: a failed write does not stop the gather, and the next one follows soon.
      writing = writing.then(() => runs.update(run, { ...soFar(), estimatedEnd })).catch(() => undefined);
    },
    soFar,
    async close() {
      closed = true;
      await writing;
    },
  };
}
