/**
 * The timeline of a device: append-only lines in the Journal table, newest first when read. A line's id is derived from its
 * cause, so that writing it again is the same line.
 */
import { BatchWriteCommand, type BatchWriteCommandInput, QueryCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { journalPk, journalSk } from '#adapters/dynamodb/keys';
import type { DeviceKey } from '#domain/device';
import { type TimelineEntry, timelineEntry } from '#domain/timeline';

type Requests = NonNullable<BatchWriteCommandInput['RequestItems']>;
const batchSize = 25;
const tries = 8;

/** The stored form of a line, for those who write it together with something else. */
export const timelineItem = (key: DeviceKey, entry: TimelineEntry) => ({
  pk: journalPk(key),
  sk: journalSk(entry.at, entry.id),
  ...entry,
});

export type TimelineStore = ReturnType<typeof timelineStore>;

export function timelineStore(client: DocumentClient, journalTable: string) {
  async function write(pending: Requests, left = tries): Promise<void> {
    const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems: pending }));
    if (UnprocessedItems === undefined || Object.keys(UnprocessedItems).length === 0) return;
    if (left <= 1)
      throw new Error(`DynamoDB left timeline lines unwritten after ${tries} tries. The cause comes again by itself.`);
    return write(UnprocessedItems, left - 1);
  }

  return {
    /** Adds lines to one device's timeline. Throws when DynamoDB keeps refusing: the caller's message then comes again. */
    async append(key: DeviceKey, entries: readonly TimelineEntry[]): Promise<void> {
      const puts = [...new Map(entries.map((entry) => [journalSk(entry.at, entry.id), entry])).values()].map((entry) => ({
        PutRequest: { Item: timelineItem(key, entry) },
      }));
      const batches = Array.from({ length: Math.ceil(puts.length / batchSize) }, (_, index) =>
        puts.slice(index * batchSize, (index + 1) * batchSize),
      );
      await pMap(batches, (batch) => write({ [journalTable]: batch }), { concurrency: 4 });
    },

    /** The newest `limit` lines, newest first. */
    async read(key: DeviceKey, { limit = 100 }: { limit?: number } = {}): Promise<TimelineEntry[]> {
      const found: TimelineEntry[] = [];
      let from: Record<string, unknown> | undefined;
      do {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new QueryCommand({
            TableName: journalTable,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': journalPk(key) },
            ScanIndexForward: false,
            Limit: limit - found.length,
            ConsistentRead: true,
            ...(from === undefined ? {} : { ExclusiveStartKey: from }),
          }),
        );
        found.push(...Items.map((item) => timelineEntry.parse(item)));
        from = LastEvaluatedKey;
      } while (from !== undefined && found.length < limit);
      return found;
    },
  };
}
