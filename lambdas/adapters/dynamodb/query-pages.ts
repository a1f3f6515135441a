/** Queries and scans page by page: every item, the first few, or one page with a cursor. DynamoDB ends each answer at 1 MB. */
import {
  paginateQuery,
  paginateScan,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { z } from 'zod';
import type { DocumentClient } from './client.ts';
import { CursorError, decodeCursor, encodeCursor, type Page, type PageRequest } from './cursor.ts';

type Item = Record<string, unknown>;
type Query = Omit<QueryCommandInput, 'ExclusiveStartKey'>;
type Scan = Omit<ScanCommandInput, 'ExclusiveStartKey' | 'Segment' | 'TotalSegments'>;

/** Every item of a query, in its order; the next page is read when it is needed. */
export async function* queryItems(client: DocumentClient, query: Query): AsyncGenerator<Item> {
  for await (const { Items = [] } of paginateQuery({ client }, query)) yield* Items;
}

/** Every item of a query, in its order. */
export const allItems = (client: DocumentClient, query: Query): Promise<Item[]> => Array.fromAsync(queryItems(client, query));

/** At most `limit` items of a query, in its order; `isEnd`: there are no more. */
export async function firstItems(
  client: DocumentClient,
  query: Query,
  limit: number,
): Promise<{ items: Item[]; isEnd: boolean }> {
  const items: Item[] = [];
  let from: Item | undefined;
  do {
    const start = from === undefined ? {} : { ExclusiveStartKey: from };
    const page = await client.send(new QueryCommand({ ...query, Limit: limit - items.length, ...start }));
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined && items.length < limit);
  return { items, isEnd: from === undefined };
}

/** One page of a query: one request, at most `limit` items. Throws a `CursorError` on a cursor of another query. */
export async function queryPage(client: DocumentClient, query: Query, { cursor, limit }: PageRequest): Promise<Page<Item>> {
  const start = cursor == null ? {} : { ExclusiveStartKey: decodeCursor(cursor) };
  const size = limit === undefined ? {} : { Limit: limit };
  const { Items = [], LastEvaluatedKey } = await client
    .send(new QueryCommand({ ...query, ...size, ...start }))
    .catch((error: unknown) => {
      // A start key of another list is well formed, but outside this query.
      if (cursor != null && error instanceof Error && error.name === 'ValidationException') throw new CursorError(error);
      throw error;
    });
  return { items: Items, cursor: LastEvaluatedKey === undefined ? null : encodeCursor(LastEvaluatedKey) };
}

/** One page of a scan, likewise. `key`: what a cursor of this list holds; any other is rejected. */
export async function scanPage(
  client: DocumentClient,
  scan: Scan,
  { cursor, limit, key }: PageRequest & { key: z.ZodType<Item> },
): Promise<Page<Item>> {
  const start = cursor == null ? {} : { ExclusiveStartKey: keyOf(cursor, key) };
  const size = limit === undefined ? {} : { Limit: limit };
  const { Items = [], LastEvaluatedKey } = await client.send(new ScanCommand({ ...scan, ...size, ...start }));
  return { items: Items, cursor: LastEvaluatedKey === undefined ? null : encodeCursor(LastEvaluatedKey) };
}

/** Throws a `CursorError` when the cursor holds another list's key. */
export function keyOf(cursor: string, key: z.ZodType<Item>): Item {
  const parsed = key.safeParse(decodeCursor(cursor));
  if (!parsed.success) throw new CursorError(parsed.error);
  return parsed.data;
}

/** Every item of a table, in segments that are read side by side; `visit` takes one page at a time of each. */
export async function scanSegments(
  client: DocumentClient,
  scan: Scan,
  { segments, visit }: { segments: number; visit: (page: { items: Item[]; units: number }) => void },
): Promise<void> {
  const readSegment = async (Segment: number) => {
    const pages = paginateScan({ client }, { ...scan, Segment, TotalSegments: segments });
    for await (const { Items = [], ConsumedCapacity } of pages)
      visit({ items: Items, units: ConsumedCapacity?.CapacityUnits ?? 0 });
  };
  await Promise.all(Array.from({ length: segments }, (_, segment) => readSegment(segment)));
}
