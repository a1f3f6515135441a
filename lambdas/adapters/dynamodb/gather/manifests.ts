/**
 * Manifests in the Control table: a head that says into how many shards the entries are split, and one item per shard.
 * A commit writes changed shards first; when their number grows, all of them under new keys and the head last, so that a
 * reader sees the old set or the new one. Each write has the lease's fencing number and is refused after a later holder's.
 */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { z } from 'zod';
import type { ManifestShards } from '#domain/gather/manifest';
import { deleteAll } from '../batch-requests.ts';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { controlKeys } from '../keys.ts';
import { allItems } from '../query-pages.ts';
import { FencedOff } from './sources.ts';

const headItem = z.object({
  bits: z.number().int().min(0).max(16),
  /**
   * The run that paused and marked what it has not done yet as stale; its continuation does only that. `baseline`: as in a
   * gather.
   */
  paused: z.object({ runId: z.string(), baseline: z.string().nullable() }).nullable(),
});
const shardItem = z.object({ sk: z.string(), entries: z.instanceof(Uint8Array) });

export type Paused = NonNullable<z.infer<typeof headItem>['paused']>;
export type StoredManifest = ManifestShards & { paused: Paused | null };
export type ManifestStore = {
  /** Strongly consistent; a source never gathered has no shards. */
  read(sourceId: string): Promise<StoredManifest>;
  /** Throws `FencedOff` when a later lease holder has written. `before`: what `read` returned. */
  commit(
    sourceId: string,
    changes: ManifestShards & { paused: Paused | null },
    options: { fence: number; before: StoredManifest },
  ): Promise<void>;
};

export function manifestStore(client: DocumentClient, table: string): ManifestStore {
  async function put(sourceId: string, sk: string, item: Record<string, unknown> & { fence: number }): Promise<void> {
    const command = new PutCommand({
      TableName: table,
      Item: { ...controlKeys.manifest(sourceId, sk), ...item },
      ConditionExpression: 'attribute_not_exists(fence) OR fence <= :fence',
      ExpressionAttributeValues: { ':fence': item.fence },
    });
    if ((await nullIfRefused(client.send(command))) === null)
      throw new FencedOff(`Manifest of ${sourceId}: another gather has taken over; this one stops`);
  }

  /** Head and shards in one query; shards with another number of bits remain from an interrupted commit that grew. */
  const readAll = (sourceId: string): Promise<Record<string, unknown>[]> =>
    allItems(client, {
      TableName: table,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': controlKeys.manifest(sourceId, '').pk },
      ConsistentRead: true,
    });

  return {
    async read(sourceId) {
      const items = await readAll(sourceId);
      const head = items.find(({ sk }) => sk === 'head');
      const { bits, paused } = headItem.parse({ bits: 0, paused: null, ...head });
      const shards = items.flatMap((item) => (String(item.sk).startsWith(shardSk(bits)) ? [shardItem.parse(item)] : []));
      const numbered = shards.map(({ sk, entries }) => [Number.parseInt(sk.slice(shardSk(bits).length), 16), entries] as const);
      return { bits, paused, shards: new Map(numbered) };
    },

    async commit(sourceId, { bits, shards, paused }, { fence, before }) {
      await pMap(shards, ([shard, entries]) => put(sourceId, shardSk(bits, shard), { entries, fence }), { concurrency: 8 });
      if (bits !== before.bits || paused !== null || before.paused !== null) await put(sourceId, 'head', { bits, paused, fence });
      if (bits !== before.bits)
        await deleteAll(
          client,
          table,
          [...before.shards.keys()].map((shard) => controlKeys.manifest(sourceId, shardSk(before.bits, shard))),
        );
    },
  };
}

const shardSk = (bits: number, shard?: number): string =>
  `bits-${String(bits).padStart(2, '0')}|${shard === undefined ? '' : shard.toString(16).padStart(4, '0')}`;
