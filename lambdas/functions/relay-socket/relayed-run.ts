/** What a relay sends of a gather: stored until it is complete, then passed to the gather function. */
import { estimateEnd } from '#domain/gather/gather-progress';
import { runOf } from '#domain/gather/relayed-run';
import type { GatherMessage } from '#domain/messages/queue-messages';
import type { ToCloud } from '#domain/relay/relay-protocol';
import type { Peer, RelaySocketDependencies } from './dependencies.ts';

type OfRun = Extract<ToCloud, { type: 'gatherBegin' | 'gatherPart' | 'gatherEnd' | 'gatherFailed' }>;
type Progress = Extract<ToCloud, { type: 'gatherProgress' }>;

/** Stores only what the holder of the lease sends; the rest is acknowledged, so that it is not sent again, and dropped. */
export async function storePart(deps: RelaySocketDependencies, peer: Peer, message: OfRun): Promise<'acknowledge'> {
  if (await isHolder(deps, peer, message)) await deps.relayRuns.store(peer.sourceId, message, { now: deps.now() });
  return 'acknowledge';
}

/** The last message of a run: the gather function continues from here. */
export async function storeLastPart(deps: RelaySocketDependencies, peer: Peer, message: OfRun): Promise<'acknowledge'> {
  const { sourceId } = peer;
  if (!(await isHolder(deps, peer, message))) return 'acknowledge';
  const run = await deps.runs.read(runOf(message.runId).runId);
  if (run === null || run.sourceId !== sourceId) {
    const { relayId } = peer;
    deps.log('warn', 'The end of a gather came for a run that is not known', { relayId, sourceId, runId: message.runId });
    return 'acknowledge';
  }
  await deps.relayRuns.store(sourceId, message, { now: deps.now() });
  const { runId, reason, requestedAt } = run;
  const told = { asked: message.runId, fence: message.fence };
  const body: GatherMessage = { sourceId, runId, reason, requestedAt, told };
  await deps.gathers.send([{ body }]);
  return 'acknowledge';
}

async function isHolder({ leases, log }: RelaySocketDependencies, peer: Peer, { fence, type, runId }: OfRun): Promise<boolean> {
  const { relayId, sourceId } = peer;
  const lease = await leases.read(sourceId);
  if (lease?.holder === relayId && lease.fence === fence) return true;
  log('warn', 'Part of a gather came from a relay that does not hold the lease', { relayId, sourceId, type, runId });
  return false;
}

/** For display only: a run that has ended is not changed. */
export async function noteProgress({ runs, now }: RelaySocketDependencies, sourceId: string, message: Progress): Promise<void> {
  const run = await runs.read(runOf(message.runId).runId);
  if (run?.state !== 'running' || run.sourceId !== sourceId) return;
  const { devices, details, detailsWanted } = message;
  const counts = { ...run.counts, devices, details, detailsWanted };
  await runs.update(run, {
    counts,
    heardAt: now(),
    estimatedEnd: estimateEnd({ ...counts, startedAt: run.startedAt ?? now(), now: now() }),
  });
}
