/**
 * How a bulk is stored: its parts first, each with its progress, then the bulk itself. A part is written once: a request that
 * is delivered twice must neither reset the progress of a part that is being processed nor replace its requests. The first
 * part claims the id for its content; a repeated request completes what a crash left out.
 */
import { GetCommand, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { nullIfRefused } from '#adapters/dynamodb/conditional-write';
import { controlKeys } from '#adapters/dynamodb/keys';
import { doneOnce } from '#adapters/dynamodb/transactions';
import { parts } from '#adapters/list-parts';
import type { RetryTiming } from '#adapters/retry-timing';
import { type Bulk, bulk as bulkSchema, partSize } from '#domain/messages/bulk';
import type { ActionRequested } from '#domain/messages/events-in';

/** What every function of the store needs. */
export type BulkState = {
  client: DocumentClient;
  tables: { control: string; actions: string };
  timing: RetryTiming;
};
export type Staged = 'staged' | 'known' | 'different';
type Part = { bulk: Bulk; part: number; requests: readonly ActionRequested[] };

const keptSeconds = 30 * 24 * 3600;
const partsAtOnce = 8;
/** Parts stored by earlier releases do not name their content. */
const partContent = z.object({ content: z.string().optional() });

/** Strongly consistent; null for an unknown id. */
export async function readBulk({ client, tables }: BulkState, bulkId: string): Promise<Bulk | null> {
  const Key = controlKeys.bulk(bulkId);
  const { Item } = await client.send(new GetCommand({ TableName: tables.control, Key, ConsistentRead: true }));
  return Item ? bulkSchema.parse(Item) : null;
}

/** Stores a bulk with its parts. `different`: the id belongs to other content, and nothing of this bulk is stored. */
export async function stageBulk(state: BulkState, bulk: Bulk, requests: readonly ActionRequested[]): Promise<Staged> {
  const known = await readBulk(state, bulk.bulkId);
  if (known) return sameContent(known, bulk);
  const [first, ...others] = parts(requests, partSize).map((some, part) => ({ bulk, part, requests: some }));
  if (first && !(await claimContent(state, first))) return 'different';
  await pMap(others, (part) => putOther(state, part), { concurrency: partsAtOnce });
  return (await putBulk(state, bulk)) ? 'staged' : sameContent(await readBulk(state, bulk.bulkId), bulk);
}

const sameContent = (stored: Bulk | null, wanted: Bulk): Staged => (stored?.content === wanted.content ? 'known' : 'different');

/** Stores the first part. False when the id already has parts with other content. */
async function claimContent(state: BulkState, first: Part): Promise<boolean> {
  if (await putFirst(state, first)) return true;
  const Key = controlKeys.bulkRequests(first.bulk.bulkId, first.part);
  const { Item } = await state.client.send(new GetCommand({ TableName: state.tables.control, Key, ConsistentRead: true }));
  const { content = first.bulk.content } = partContent.parse(Item ?? {});
  return content === first.bulk.content;
}

/** The first part and its progress, both or neither. False when it is stored already. */
function putFirst({ client, tables, timing }: BulkState, part: Part): Promise<boolean> {
  const TransactItems = itemsOf(part).map((Item) => ({
    Put: { TableName: tables.control, Item, ConditionExpression: 'attribute_not_exists(pk)' },
  }));
  return doneOnce(() => client.send(new TransactWriteCommand({ TransactItems })), `Bulk ${part.bulk.bulkId}`, timing);
}

/**
 * Another part. Its content is claimed by the first one, so storing it again changes nothing; its progress is stored once. Two
 * writes cost half of a transaction.
 */
async function putOther({ client, tables }: BulkState, part: Part): Promise<void> {
  const [requests, progress] = itemsOf(part);
  await client.send(new PutCommand({ TableName: tables.control, Item: requests }));
  const once = { TableName: tables.control, Item: progress, ConditionExpression: 'attribute_not_exists(pk)' };
  await nullIfRefused(client.send(new PutCommand(once)));
}

function itemsOf({ bulk, part, requests }: Part) {
  const { bulkId, content } = bulk;
  const expiresAt = expiryOf(bulk);
  const progress = { part, actionIds: requests.map(({ actionId }) => actionId), taken: false, refused: [], ended: null };
  return [
    { ...controlKeys.bulkRequests(bulkId, part), content, requests, expiresAt },
    { ...controlKeys.bulkProgress(bulkId, part), ...progress, expiresAt },
  ] as const;
}

/** False when a bulk with this id already exists. */
async function putBulk({ client, tables }: BulkState, bulk: Bulk): Promise<boolean> {
  const Item = { ...controlKeys.bulk(bulk.bulkId), ...bulk, expiresAt: expiryOf(bulk) };
  const put = new PutCommand({ TableName: tables.control, Item, ConditionExpression: 'attribute_not_exists(pk)' });
  return (await nullIfRefused(client.send(put))) !== null;
}

/** Epoch seconds, as the tables count it. */
const expiryOf = ({ requestedAt }: Bulk): number => Math.floor(requestedAt / 1000) + keptSeconds;
