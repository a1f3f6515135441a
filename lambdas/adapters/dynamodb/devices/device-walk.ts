/**
 * Walks the devices of sources through an index, in an order in which a cursor can continue: shard by shard in hash order, or for
 * one of the listed verdicts through the index of verdicts, the longest first.
 */
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { VerdictName } from '#domain/devices/device';
import type { DocumentClient } from '../client.ts';
import { CursorError, decodeCursor } from '../cursor.ts';
import { indexes, listingShards, shardKey, verdictKey } from '../keys.ts';

/** The position of a walk: the source, the part of it (a shard, or a verdict), and the last sort key that was read. */
const place = z.object({ source: z.string(), shard: z.string(), after: z.string() });
export type WalkPosition = z.infer<typeof place>;
type Keys = { items: Record<string, unknown>[]; more: boolean };

const shards: readonly string[] = listingShards;

export function deviceWalk(client: DocumentClient, table: string, verdict: VerdictName | null = null) {
  const parts = verdict === null ? shards : [verdict];
  const [firstPart = ''] = parts;
  const index =
    verdict === null
      ? { name: indexes.bySource, partition: 'shard', sort: 'hash', key: shardKey }
      : { name: indexes.byVerdict, partition: 'verdictKey', sort: 'verdictSince', key: verdictKey };

  function first([source]: readonly string[]): WalkPosition | null {
    return source === undefined ? null : { source, shard: firstPart, after: '' };
  }

  return {
    first,

    /** Where the walk continues after the current part; null at its end. */
    next({ source, shard }: WalkPosition, sources: readonly string[]): WalkPosition | null {
      const part = parts[parts.indexOf(shard) + 1];
      if (part !== undefined) return { source, shard: part, after: '' };
      return first(sources.slice(sources.indexOf(source) + 1));
    },

    /** Throws `CursorError` on a cursor that no walk of this kind over these sources gave. */
    parse(cursor: string, sources: readonly string[]): WalkPosition {
      const parsed = place.safeParse(decodeCursor(cursor));
      if (!parsed.success) throw new CursorError(parsed.error);
      const isOurs = parts.includes(parsed.data.shard) && sources.includes(parsed.data.source);
      if (!isOurs) throw new CursorError('It belongs to another filter.');
      return parsed.data;
    },

    /** Keys of devices after `at`, at most `limit`, as the index has them (eventually consistent). */
    async keys({ source, shard, after }: WalkPosition, limit: number): Promise<Keys> {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: table,
          IndexName: index.name,
          KeyConditionExpression: '#part = :part AND #sort > :after',
          ExpressionAttributeNames: { '#part': index.partition, '#sort': index.sort },
          ExpressionAttributeValues: { ':part': index.key(source, shard), ':after': after },
          Limit: limit,
        }),
      );
      return { items: Items, more: LastEvaluatedKey !== undefined };
    },

    /** The position right after an item that `keys` returned. */
    behind: (at: WalkPosition, item: Record<string, unknown>): WalkPosition => ({ ...at, after: String(item[index.sort]) }),
  };
}
