/** The journal line for the end of a gather. */
import type { GatherRun, Problem } from '#domain/devices/source';
import type { TimelineEntry } from '#domain/journal/timeline';

export type EndedRun = GatherRun & { finishedAt: number } & ({ state: 'completed' } | { state: 'failed'; problem: Problem });

/** Its id derives from the run's id: one line per run. */
export function runLine(run: EndedRun): TimelineEntry {
  const { runId, reason, baseline, invocations, counts, requests, units, requestedAt, startedAt, finishedAt } = run;
  const data = { runId, reason, baseline, invocations, counts, requests, units, requestedAt, startedAt, finishedAt };
  const common = { at: finishedAt, id: `gather|${runId}` };
  if (run.state === 'failed') {
    const { kind, what, where, remedy } = run.problem;
    const says = `Gather failed: ${what} (${where}). ${remedy}`;
    return { ...common, kind: 'gather-failed', says, data: { ...data, problem: { kind, what, where, remedy } } };
  }
  const { devices, added, changed, missing, removed } = counts;
  const took = startedAt === null ? '' : ` in ${((finishedAt - startedAt) / 1000).toFixed(1)} s`;
  const says = `Gather completed${took}: ${devices} devices, ${added} new, ${changed} changed, ${missing} missing, ${removed} removed.`;
  return { ...common, kind: 'gather-completed', says, data };
}
