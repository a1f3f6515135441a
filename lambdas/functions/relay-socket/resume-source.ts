/** A relay holds the source's lease (again): sends what waits for it, and starts an overdue gather. */

import { fingerprint } from '#adapters/fingerprint';
import type { EvaluationMessage, GatherMessage } from '#domain/messages/queue-messages';
import { requestGather } from '#use-cases/gathers/request-gather';
import type { Peer, RelaySocketDependencies } from './dependencies.ts';

/** Slightly longer than the time after which the gather function considers a run lost (gather/ask-relay.ts). */
const silentSeconds = 125;

type Needs = Pick<RelaySocketDependencies, 'evaluations' | 'gathers' | 'runs' | 'sources' | 'configuration' | 'now'>;

/** `fresh`: it has just acquired the lease; what another relay was asked for is requested from it. */
export async function resumeSource(deps: Needs, { sourceId, connectionId }: Peer, { fresh }: { fresh: boolean }): Promise<void> {
  const { evaluations, gathers, runs, sources, configuration, now } = deps;
  const resume: EvaluationMessage = { kind: 'resume', sourceId, cause: 'its relay is there' };
  await evaluations.send([{ body: resume }]);
  const [last] = await runs.lastRuns(sourceId, 1);
  if (last !== undefined && (last.state === 'queued' || last.state === 'running')) {
    const { runId, reason, requestedAt } = last;
    const message: GatherMessage = { sourceId, runId, reason, requestedAt };
    // A relay that was only disconnected continues; one that was restarted has lost the run, and does not report it.
    return gathers.send([fresh ? { body: { ...message, anew: true } } : { body: message, delaySeconds: silentSeconds }]);
  }
  const { lastCompleteGatherAt, retryAt } = await sources.read(sourceId);
  const at = now();
  const overdue = lastCompleteGatherAt === null || at - lastCompleteGatherAt > configuration.gatherEveryMinutes * 60_000;
  if (overdue && (retryAt === null || retryAt <= at))
    await gatherRequests(deps)({ sourceId, reason: 'schedule', requestedAt: at, unique: fingerprint(connectionId) });
}

/** Requests gathers like every other function. */
export const gatherRequests = ({ configuration, runs, gathers }: Pick<Needs, 'configuration' | 'runs' | 'gathers'>) =>
  requestGather({ sources: configuration.sources, runs, gatherQueue: gathers });
