/** Requests a gather of one source now. It is recorded as queued first, so that its run can be looked up at once. */
import type { RunStore } from '#adapters/dynamodb/gather/runs';
import { runIdOf } from '#adapters/dynamodb/gather/runs';
import type { Queue } from '#adapters/queues';
import type { GatherMessage } from '#domain/messages/queue-messages';
import type { SourceConfiguration } from '#domain/runtime/configuration';

export type RequestGatherDependencies = {
  sources: readonly SourceConfiguration[];
  runs: Pick<RunStore, 'request'>;
  gatherQueue: Queue;
};
/** `unique`: derived from the cause (an event's id), so that a repeated request gives the same run. */
export type GatherRequest = { sourceId: string; reason: GatherMessage['reason']; requestedAt: number; unique: string };
export type GatherRequested = { outcome: 'requested'; runId: string } | { outcome: 'refused'; because: string };

export function requestGather({ sources, runs, gatherQueue }: RequestGatherDependencies) {
  return async ({ sourceId, reason, requestedAt, unique }: GatherRequest): Promise<GatherRequested> => {
    const source = sources.find(({ id }) => id === sourceId);
    if (!source) return { outcome: 'refused', because: `no source of this id is configured` };
    const message: GatherMessage = { sourceId, reason, requestedAt, runId: runIdOf(requestedAt, unique) };
    await runs.request(message);
    await gatherQueue.send([{ body: message }]);
    return { outcome: 'requested', runId: message.runId };
  };
}
