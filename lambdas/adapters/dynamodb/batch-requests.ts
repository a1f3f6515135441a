/** Batched reads and writes: DynamoDB may leave part of a batch unprocessed; that part is sent again after a pause. */
import { BatchGetCommand, BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { parts } from '#adapters/list-parts';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';
import type { DocumentClient } from './client.ts';

export type Item = Record<string, unknown>;
/** Default `timing`: real time. */
type Options = { timing?: RetryTiming };

const limits = { read: 100, write: 25 } as const;
const tries = 10;
const batchesAtOnce = 8;
const backoff: BackoffPolicy = { firstMs: 25, longestMs: 3_000, jitter: 'full' };

/**
 * Strongly consistent; keys without an item are left out of the result. Keys must differ. Throws when some stay unread after
 * ten tries.
 */
export async function getAll(
  client: DocumentClient,
  table: string,
  keys: readonly Item[],
  { timing = realTiming }: Options = {},
): Promise<Item[]> {
  const found = await pMap(parts(keys, limits.read), (batch) => getBatch({ client, table, timing }, batch), {
    concurrency: batchesAtOnce,
  });
  return found.flat();
}

/** Puts every item, replacing existing ones. Items must differ in key. Throws when some stay unwritten after ten tries. */
export async function putAll(
  client: DocumentClient,
  table: string,
  items: readonly Item[],
  { timing = realTiming }: Options = {},
): Promise<void> {
  const requests = items.map((item) => ({ PutRequest: { Item: item } }));
  await writeAll({ client, table, timing }, requests);
}

/** Deletes the items of these keys. Keys must differ. Throws when some stay after ten tries. */
export async function deleteAll(
  client: DocumentClient,
  table: string,
  keys: readonly Item[],
  { timing = realTiming }: Options = {},
): Promise<void> {
  const requests = keys.map((Key) => ({ DeleteRequest: { Key } }));
  await writeAll({ client, table, timing }, requests);
}

type Table = { client: DocumentClient; table: string; timing: RetryTiming };
type WriteRequest = { PutRequest: { Item: Item } } | { DeleteRequest: { Key: Item } };

async function writeAll(table: Table, requests: readonly WriteRequest[]): Promise<void> {
  await pMap(parts(requests, limits.write), (batch) => writeBatch(table, batch), { concurrency: batchesAtOnce });
}

async function getBatch({ client, table, timing }: Table, keys: Item[]): Promise<Item[]> {
  const found: Item[] = [];
  let wanted = keys;
  for (let round = 0; wanted.length > 0; round++) {
    await pauseBefore(round, `read ${wanted.length} items of ${table}`, timing);
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys: wanted, ConsistentRead: true } } }),
    );
    found.push(...(Responses?.[table] ?? []));
    wanted = UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return found;
}

async function writeBatch({ client, table, timing }: Table, requests: WriteRequest[]): Promise<void> {
  let wanted: NonNullable<ConstructorParameters<typeof BatchWriteCommand>[0]['RequestItems']>[string] = requests;
  for (let round = 0; wanted.length > 0; round++) {
    await pauseBefore(round, `write ${wanted.length} items of ${table}`, timing);
    const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems: { [table]: wanted } }));
    wanted = UnprocessedItems?.[table] ?? [];
  }
}

/** No pause before the first try (round 0). Throws when no try is left. */
async function pauseBefore(round: number, what: string, { random, pause }: RetryTiming): Promise<void> {
  if (round >= tries) throw new Error(`DynamoDB did not ${what} in ${tries} tries. The message is delivered again.`);
  if (round > 0) await pause(backoffMs(backoff, round, random()));
}
