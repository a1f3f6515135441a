/**
 * Requests a gather of every source that can be read: from here, or by a connected relay. A run that is still queued or running
 * gets no second run: its own message is sent again, which does nothing while it runs and resumes it if it was interrupted.
 */
import type { RunStore } from '#adapters/dynamodb/gather/runs';
import type { SourceStore } from '#adapters/dynamodb/gather/sources';
import type { Queue } from '#adapters/queues';
import { isRelayed } from '#domain/devices/source-kinds';
import type { GatherMessage } from '#domain/messages/queue-messages';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import { requestGather } from '#use-cases/gathers/request-gather';

export type StartGathersDependencies = {
  configuration: Pick<RuntimeConfiguration, 'sources'>;
  runs: Pick<RunStore, 'request' | 'lastRuns'>;
  sources: Pick<SourceStore, 'read'>;
  /** The fencing number of the source's active relay; null when none is active. */
  relayOf(sourceId: string): Promise<number | null>;
  /** Adopts the configuration file's settings if they are new. */
  settings: { seed(at: number): Promise<unknown> };
  gatherQueue: Queue;
  now(): number;
  /** Makes run ids unique. */
  unique(): string;
};

export type Started = { sourceId: string; outcome: 'started' | 'still-running' | 'refused-for-now' | 'waits-for-relay' };

export function startGathers(deps: StartGathersDependencies) {
  return async (): Promise<Started[]> => {
    await deps.settings.seed(deps.now());
    return Promise.all(deps.configuration.sources.map((source) => start(deps, source)));
  };
}

async function start(
  deps: StartGathersDependencies,
  source: StartGathersDependencies['configuration']['sources'][number],
): Promise<Started> {
  const sourceId = source.id;
  if (isRelayed(source) && (await deps.relayOf(sourceId)) === null) return { sourceId, outcome: 'waits-for-relay' };
  const at = deps.now();
  const { retryAt } = await deps.sources.read(sourceId);
  if (retryAt !== null && retryAt > at) return { sourceId, outcome: 'refused-for-now' };
  const [last] = await deps.runs.lastRuns(sourceId, 1);
  if (last !== undefined && (last.state === 'queued' || last.state === 'running')) {
    const { runId, reason, requestedAt } = last;
    const message: GatherMessage = { sourceId, runId, reason, requestedAt };
    await deps.gatherQueue.send([{ body: message }]);
    return { sourceId, outcome: 'still-running' };
  }
  const request = requestGather({ sources: deps.configuration.sources, runs: deps.runs, gatherQueue: deps.gatherQueue });
  await request({ sourceId, reason: 'schedule', requestedAt: at, unique: deps.unique() });
  return { sourceId, outcome: 'started' };
}
