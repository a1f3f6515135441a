/** The holder of a source's lease is there (again): what waits for it goes out, and a source not read for too long is read. */

import { fingerprint } from '#adapters/fingerprint';
import type { EvaluationMessage, GatherMessage } from '#domain/messages/messages';
import { requestGather } from '#use-cases/gathers/request-gather';
import type { Peer, RelaySocketDependencies } from './dependencies.ts';

/** After that the gather function takes a run for lost (gather/ask-relay.ts). */
const silentSeconds = 125;

type Needs = Pick<RelaySocketDependencies, 'evaluations' | 'gathers' | 'runs' | 'sources' | 'configuration' | 'now'>;

/** `fresh`: it has just taken the lease; what another had been asked for is asked of it anew. */
export async function resumeSource(deps: Needs, { sourceId, connectionId }: Peer, { fresh }: { fresh: boolean }): Promise<void> {
  const { evaluations, gathers, runs, sources, configuration, now } = deps;
  const resume: EvaluationMessage = { kind: 'resume', sourceId, cause: 'its relay is there' };
  await evaluations.send([{ body: resume }]);
  const [last] = await runs.lastRuns(sourceId, 1);
  if (last !== undefined && (last.state === 'queued' || last.state === 'running')) {
    const { runId, reason, requestedAt } = last;
    const again: GatherMessage = { sourceId, runId, reason, requestedAt };
    // One that was only cut off goes on by itself; one that was started anew has lost the run, and is silent about it.
    return gathers.send([fresh ? { body: { ...again, anew: true } } : { body: again, delaySeconds: silentSeconds }]);
  }
  const { lastCompleteGatherAt, retryAt } = await sources.read(sourceId);
  const at = now();
  const overdue = lastCompleteGatherAt === null || at - lastCompleteGatherAt > configuration.gatherEveryMinutes * 60_000;
  if (overdue && (retryAt === null || retryAt <= at))
    await gatherRequests(deps)({ sourceId, reason: 'schedule', requestedAt: at, unique: fingerprint(connectionId) });
}

/** Requests gathers as every other function does. */
export const gatherRequests = ({ configuration, runs, gathers }: Pick<Needs, 'configuration' | 'runs' | 'gathers'>) =>
  requestGather({ sources: configuration.sources, runs, gatherQueue: gathers });
