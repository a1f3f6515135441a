/**
 * Timelines: append-only lines in the Journal table, of a device or of a source; newest first when read. A line's id is derived
 * from its cause, so that writing it again is the same line. What is written here is also the outbox: the table's stream takes
 * each new line to the chain and to the portal (functions/publish), so a line is written in the transaction of what it tells.
 */
import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { CursorError, decodeCursor, encodeCursor } from '#adapters/dynamodb/cursor';
import { journalPk, journalSk, sourceJournalPk } from '#adapters/dynamodb/keys';
import type { DeviceKey } from '#domain/devices/device';
import { type TimelineEntry, timelineEntry } from '#domain/journal/timeline';

/** The stored form of a line, for those who write it together with something else. */
export const timelineItem = (key: DeviceKey, entry: TimelineEntry) => {
  const { sourceId, user, deviceId } = key;
  return { pk: journalPk(key), sk: journalSk(entry.at, entry.id), sourceId, user, deviceId, ...entry };
};

/** The same for a line of a source as a whole; `*`: of none in particular. */
export const sourceLineItem = (sourceId: string, entry: TimelineEntry) => ({
  pk: sourceJournalPk(sourceId),
  sk: journalSk(entry.at, entry.id),
  sourceId,
  ...entry,
});

export type TimelinePage = { entries: TimelineEntry[]; cursor: string | null };
export type TimelineStore = ReturnType<typeof timelineStore>;

export function timelineStore(client: DocumentClient, journalTable: string) {
  /** Once: a line that is there already stays as it is, for it may be chained and told. */
  async function write(item: Record<string, unknown>): Promise<void> {
    const put = new PutCommand({ TableName: journalTable, Item: item, ConditionExpression: 'attribute_not_exists(pk)' });
    await client.send(put).catch((error: unknown) => {
      if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
    });
  }

  async function newest(pk: string, limit: number): Promise<TimelineEntry[]> {
    const found: TimelineEntry[] = [];
    let from: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: journalTable,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': pk },
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
  }

  return {
    /** Adds lines to one device's timeline. Throws when DynamoDB refuses: the caller's message then comes again. */
    async append(key: DeviceKey, entries: readonly TimelineEntry[]): Promise<void> {
      await pMap(entries, (entry) => write(timelineItem(key, entry)), { concurrency: 4 });
    },

    /** The same for a source's own timeline. */
    async appendToSource(sourceId: string, entries: readonly TimelineEntry[]): Promise<void> {
      await pMap(entries, (entry) => write(sourceLineItem(sourceId, entry)), { concurrency: 4 });
    },

    /** A page of at most `limit` lines, newest first, after the cursor of the page before. Throws a CursorError on any other. */
    async page(key: DeviceKey, { cursor, limit = 200 }: { cursor?: string; limit?: number } = {}): Promise<TimelinePage> {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: journalTable,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': journalPk(key) },
          ScanIndexForward: false,
          Limit: limit,
          ConsistentRead: true,
          ...(cursor === undefined ? {} : { ExclusiveStartKey: { pk: journalPk(key), sk: lineAt(cursor) } }),
        }),
      );
      const entries = Items.map((item) => timelineEntry.parse(item));
      return { entries, cursor: LastEvaluatedKey ? encodeCursor({ sk: LastEvaluatedKey.sk }) : null };
    },

    /** The newest `limit` lines, newest first. */
    read: (key: DeviceKey, { limit = 100 }: { limit?: number } = {}): Promise<TimelineEntry[]> => newest(journalPk(key), limit),

    /** The same of a source's own timeline. */
    readSource: (sourceId: string, { limit = 100 }: { limit?: number } = {}): Promise<TimelineEntry[]> =>
      newest(sourceJournalPk(sourceId), limit),
  };
}

function lineAt(cursor: string): string {
  const { sk } = decodeCursor(cursor);
  if (typeof sk !== 'string') throw new CursorError('It names no line.');
  return sk;
}
