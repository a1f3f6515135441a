/** Accepts a bulk: stores it whole, then sends one message per part. Repeating it sends what a crash left unsent. */
import type { BulkStore } from '#adapters/dynamodb/actions/bulks';
import { fingerprint } from '#adapters/fingerprint';
import type { Outgoing, Queue } from '#adapters/queues';
import { type Bulk, type BulkMessage, type BulkProgress, type PartProgress, partSize, progressOf } from '#domain/messages/bulk';
import type { ActionRequested } from '#domain/messages/events-in';

export type BulkDependencies = { bulks: BulkStore; bulkQueue: Queue; now: () => number };
/** `content`: the request as it came, before ids and times were filled in. */
export type BulkRequest = { bulkId: string; requestedBy: string; content: unknown; requests: readonly ActionRequested[] };
export type BulkView = Bulk & { progress: BulkProgress; refused: PartProgress['refused'] };

export function bulkRequests({ bulks, bulkQueue, now }: BulkDependencies) {
  const send = (bulk: Bulk, what: BulkMessage['what']) =>
    bulkQueue.send(Array.from({ length: bulk.parts }, (_, part) => outgoing({ bulkId: bulk.bulkId, part, what })));

  return {
    /** `different`: a bulk of this id was requested before with different content. */
    async stage({ bulkId, requestedBy, content, requests }: BulkRequest): Promise<'accepted' | 'different'> {
      const wanted: Bulk = {
        bulkId,
        requestedBy,
        requestedAt: now(),
        actions: requests.length,
        parts: Math.ceil(requests.length / partSize),
        content: fingerprint(JSON.stringify(content)),
        cancelledAt: null,
        cancelledBy: null,
      };
      if ((await bulks.stage(wanted, requests)) === 'different') return 'different';
      await send(wanted, 'take');
      return 'accepted';
    },

    async view(bulkId: string): Promise<BulkView | null> {
      const bulk = await bulks.read(bulkId);
      if (!bulk) return null;
      const { states, refused } = await bulks.tally(bulkId);
      const counted = { states, refused: refused.length, now: now() };
      return { ...bulk, refused, progress: progressOf(bulk, counted) };
    },

    /** Actions that were not sent by then are never sent. Null: no such bulk. */
    async cancel(bulkId: string, by: string): Promise<Bulk | null> {
      const bulk = await bulks.cancel(bulkId, { at: now(), by });
      if (bulk) await send(bulk, 'cancel');
      return bulk;
    },
  };
}
export type BulkRequests = ReturnType<typeof bulkRequests>;

/** One group per part: a part is never accepted and cancelled at the same time. */
function outgoing(body: BulkMessage): Outgoing {
  const { bulkId, part, what } = body;
  return { body, group: fingerprint(`${bulkId}|${part}`), deduplication: fingerprint(`${bulkId}|${part}|${what}`) };
}
