/** The end of a run by a failure of the source: shown at the source and at the run. */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { GatherRun, Problem } from '#domain/devices/source';
import { hour } from '#domain/gather/gather-schedule';
import { runLine } from '#domain/gather/run-lines';
import { NoRelay } from './ask-relay.ts';
import type { GatherDependencies } from './dependencies.ts';
import type { RunCounters } from './run-counters.ts';

const retryAfterDeniedMs = hour;
/** Maximum number of interrupted attempts of a run: more would delay the next run forever. */
export const mostAttempts = 9;

/** Wrong credentials stop scheduled gathers for an hour. `fence`: of the lease that the run holds. */
export async function endFailed(
  { runs, sources, now, log }: Pick<GatherDependencies, 'runs' | 'sources' | 'now' | 'log'>,
  { run, fence }: { run: GatherRun; fence: number },
  { failure, tally }: { failure: TravelerFailure; tally: RunCounters | null },
): Promise<void> {
  const at = now();
  const { sourceId, runId } = run;
  const problem: Problem = { kind: failure.kind, ...failure.problem, at };
  const denied = { retryAt: at + retryAfterDeniedMs, refusedSecret: failure.secretVersion ?? null };
  const rest = failure.kind === 'denied' ? denied : { retryAt: null };
  log(failure.kind === 'denied' ? 'error' : 'warn', 'A gather failed', { sourceId, runId, ...problem });
  if (!(failure instanceof NoRelay)) await sources.update(sourceId, { problem, ...rest }, { fence });
  await tally?.close();
  const ended = { state: 'failed', finishedAt: at, estimatedEnd: null, problem } as const;
  const change = { ...tally?.soFar(), ...ended };
  await runs.end({ sourceId, runId }, change, runLine({ ...run, ...change }));
}

export function tooManyAttempts(): TravelerFailure {
  return new TravelerFailure('permanent', {
    what: `The gather was begun ${mostAttempts} times and broke off each time; it is given up`,
    where: 'gather',
    remedy:
      'The next gather tries anew. If it ends like this again, the log of the function "gather" says why each one broke off.',
  });
}
