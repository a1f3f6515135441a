/** The start of a gather: everything it goes by is read, before anything is written. */

import type { GatherRun, SourceState } from '#domain/devices/source';
import { readManifest } from '#domain/gather/manifest';
import { baselineOf } from '#domain/quarantine/enforcement';
import type { GatherDependencies, Gathering } from './dependencies.ts';
import { earlyList } from './early-list.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { Reached } from './reach-source.ts';

/** Of the time an invocation has left, this part is kept for storing what is in hand; at most a minute. */
const reservedPart = 0.3;
const reservedMs = 60_000;

export type Invocation = { remainingMs(): number };
type Given = { source: Gathering['source']; run: GatherRun; lease: LeaseKeeper; invocation: Invocation };

/** Throws TravelerFailure when the source does not say what it is. */
export async function begin(
  { sources, settings, manifests, devices, runs, now }: GatherDependencies,
  { source, run, lease, invocation, traveler, relayed, concurrency }: Given & Reached,
): Promise<Gathering> {
  const startedAt = run.startedAt ?? now();
  await oweEveryone({ sources }, { source, lease });
  const list = earlyList(traveler.pages());
  // Waited for even when a read fails: it must not overwrite what is then written of the failure.
  const marked = runs.update(run, {
    state: 'running',
    startedAt,
    invocations: run.invocations + 1,
    attempts: attemptsOf(run) + 1,
    problem: null,
  });
  const [state, current, stored, server, moving] = await Promise.all([
    sources.read(source.id),
    settings.current(source.id),
    manifests.read(source.id),
    traveler.serverFacts(),
    devices.moving(source.id),
    marked,
  ])
    .finally(() => marked)
    .catch((error: unknown) => {
      list.abandon();
      throw error;
    });
  const reserve = Math.min(reservedMs, invocation.remainingMs() * reservedPart);
  const gathering = {
    ...{ source, traveler, relayed, concurrency, pages: list.pages, run: { ...run, startedAt }, startedAt, fence: lease.fence },
    ...{ state, settings: current, server, stored, manifest: readManifest(stored), moving },
    guard: lease.guard,
    mayGoOn: () => invocation.remainingMs() > reserve,
  };
  if (stored.paused?.runId === run.runId)
    return { ...gathering, baseline: stored.paused.baseline, everyDetail: false, continued: true };
  return { ...gathering, ...baselineFor(run, gathering), continued: false };
}

/** What the gather before had sent to evaluation is not known when it was cut off. */
export async function oweEveryone(
  { sources }: Pick<GatherDependencies, 'sources'>,
  { source, lease }: Pick<Given, 'source' | 'lease'>,
): Promise<void> {
  if (lease.wasCutOff) await sources.update(source.id, { evaluateEveryone: true }, { fence: lease.fence });
}

export const attemptsOf = ({ attempts = 0 }: GatherRun): number => attempts;

/**
 * A baseline is owed before the first complete gather, and each time AQ is to be switched on. When the last complete gather
 * was already one (the server's settings could not be written then), only what changed since has to be looked at again.
 */
export function baselineFor(
  run: Pick<GatherRun, 'runId'>,
  { state, settings, server }: Pick<Gathering, 'state' | 'settings' | 'server'>,
): Pick<Gathering, 'baseline' | 'everyDetail'> {
  const firstEver = state.baselineRuns.length === 0;
  const switchingOn = baselineOf(state, settings.settings) === 'owed' && server.aqSupport === 'supported';
  if (!firstEver && !switchingOn) return { baseline: null, everyDetail: false };
  const repeated = isRepeated(state) ? state.baselineRuns.at(-1) : undefined;
  return { baseline: repeated ?? run.runId, everyDetail: repeated === undefined };
}

const isRepeated = ({ baselineUpTo, lastRunId }: SourceState): boolean => lastRunId !== null && baselineUpTo === lastRunId;
