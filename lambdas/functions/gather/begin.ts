/** The start of a gather: reads everything it depends on, before anything is written. */

import type { GatherRun } from '#domain/devices/source';
import { readManifest } from '#domain/gather/manifest';
import { baselineFor } from './baseline.ts';
import type { GatherDependencies, Gathering } from './dependencies.ts';
import { earlyList } from './early-list.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { Reached } from './reach-source.ts';

/** This part of an invocation's remaining time is reserved for storing what was read; at most a minute. */
const reservedPart = 0.3;
const reservedMs = 60_000;

export type Invocation = { remainingMs(): number };
type Given = { source: Gathering['source']; run: GatherRun; lease: LeaseKeeper; invocation: Invocation };

/** Throws TravelerFailure when the source's server facts cannot be read. */
export async function begin(
  { sources, settings, manifests, devices, runs, now }: GatherDependencies,
  { source, run, lease, invocation, traveler, relayed, concurrency }: Given & Reached,
): Promise<Gathering> {
  const startedAt = run.startedAt ?? now();
  await markEveryone({ sources }, { source, lease });
  const list = earlyList(traveler.pages());
  // Awaited even when a read fails: it must not overwrite what is then written about the failure.
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

/** When the previous gather was interrupted, it is unknown which users it sent to evaluation: everyone is evaluated. */
export async function markEveryone(
  { sources }: Pick<GatherDependencies, 'sources'>,
  { source, lease }: Pick<Given, 'source' | 'lease'>,
): Promise<void> {
  if (lease.wasCutOff) await sources.update(source.id, { evaluateEveryone: true }, { fence: lease.fence });
}

export const attemptsOf = ({ attempts = 0 }: GatherRun): number => attempts;
