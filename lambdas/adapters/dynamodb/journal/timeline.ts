/**
 * Timelines: append-only lines in the Journal table, of a device or of a source; newest first when read. A line's id is derived
 * from its cause, so that writing it again is idempotent. The lines are also the outbox: the table's stream takes each new line
 * to the chain and to the portal (functions/publish), so a line is written in one transaction with what it reports.
 */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { nullIfRefused } from '#adapters/dynamodb/conditional-write';
import type { Page, PageRequest } from '#adapters/dynamodb/cursor';
import { journalPk, journalSk, sourceJournalPk } from '#adapters/dynamodb/keys';
import { firstItems, queryPage } from '#adapters/dynamodb/query-pages';
import type { DeviceKey } from '#domain/devices/device';
import { type TimelineEntry, timelineEntry } from '#domain/journal/timeline';

/** The stored form of a line, for callers that write it together with something else. */
export const timelineItem = (key: DeviceKey, entry: TimelineEntry) => {
  const { sourceId, user, deviceId } = key;
  return { pk: journalPk(key), sk: journalSk(entry.at, entry.id), sourceId, user, deviceId, ...entry };
};

/** The same for a line of a source as a whole; `*`: of no source in particular. */
export const sourceLineItem = (sourceId: string, entry: TimelineEntry) => ({
  pk: sourceJournalPk(sourceId),
  sk: journalSk(entry.at, entry.id),
  sourceId,
  ...entry,
});

export type TimelineStore = ReturnType<typeof timelineStore>;

type State = { client: DocumentClient; table: string };
const pageSize = 100;

/** Timelines in the Journal table. */
export function timelineStore(client: DocumentClient, journalTable: string) {
  const state: State = { client, table: journalTable };
  return {
    /** Adds lines to one device's timeline. Throws when DynamoDB refuses: the caller's message is then redelivered. */
    async append(key: DeviceKey, entries: readonly TimelineEntry[]): Promise<void> {
      await pMap(entries, (entry) => writeOnce(state, timelineItem(key, entry)), { concurrency: 4 });
    },

    /** The same for a source's own timeline. */
    async appendToSource(sourceId: string, entries: readonly TimelineEntry[]): Promise<void> {
      await pMap(entries, (entry) => writeOnce(state, sourceLineItem(sourceId, entry)), { concurrency: 4 });
    },

    /** The newest `limit` lines, newest first; `list` returns the others. */
    read: (key: DeviceKey, { limit = pageSize }: { limit?: number } = {}): Promise<TimelineEntry[]> =>
      newest(state, journalPk(key), limit),

    /** The same for a source's own timeline. */
    readSource: (sourceId: string, { limit = pageSize }: { limit?: number } = {}): Promise<TimelineEntry[]> =>
      newest(state, sourceJournalPk(sourceId), limit),

    /** A page of a device's lines, newest first. Throws a `CursorError` on an invalid cursor. */
    list: (key: DeviceKey, page: PageRequest = {}): Promise<Page<TimelineEntry>> => pageOf(state, journalPk(key), page),

    /** The same for a source's own timeline. */
    listSource: (sourceId: string, page: PageRequest = {}): Promise<Page<TimelineEntry>> =>
      pageOf(state, sourceJournalPk(sourceId), page),
  };
}

/** An existing line is never changed: it may already be in the chain and at the portal. */
async function writeOnce({ client, table }: State, Item: Record<string, unknown>): Promise<void> {
  const put = new PutCommand({ TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' });
  await nullIfRefused(client.send(put));
}

const newestFirst = (table: string, pk: string) => ({
  TableName: table,
  KeyConditionExpression: 'pk = :pk',
  ExpressionAttributeValues: { ':pk': pk },
  ScanIndexForward: false,
  ConsistentRead: true,
});

async function newest({ client, table }: State, pk: string, limit: number): Promise<TimelineEntry[]> {
  const { items } = await firstItems(client, newestFirst(table, pk), limit);
  return items.map((item) => timelineEntry.parse(item));
}

async function pageOf({ client, table }: State, pk: string, page: PageRequest): Promise<Page<TimelineEntry>> {
  const { items, cursor } = await queryPage(client, newestFirst(table, pk), { limit: pageSize, ...page });
  return { items: items.map((item) => timelineEntry.parse(item)), cursor };
}
