/** Batched reads and writes: DynamoDB may leave part of a batch unprocessed, which is sent again with full-jitter backoff. */
import { setTimeout } from 'node:timers/promises';
import { BatchGetCommand, BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import type { DocumentClient } from './client.ts';

export type Item = Record<string, unknown>;

const limits = { read: 100, write: 25 } as const;
const tries = 10;
const batchesAtOnce = 8;

/** Strongly consistent; keys that hold nothing are left out of the answer. Keys must differ. */
export async function getAll(client: DocumentClient, table: string, keys: readonly Item[]): Promise<Item[]> {
  const found = await pMap(parts(keys, limits.read), (batch) => getBatch(client, table, batch), { concurrency: batchesAtOnce });
  return found.flat();
}

/** Puts every item, replacing what was there. Items must differ in key. Throws when some stay unwritten after ten tries. */
export async function putAll(client: DocumentClient, table: string, items: readonly Item[]): Promise<void> {
  const requests = items.map((item) => ({ PutRequest: { Item: item } }));
  await writeAll(client, table, requests);
}

export async function deleteAll(client: DocumentClient, table: string, keys: readonly Item[]): Promise<void> {
  await writeAll(
    client,
    table,
    keys.map((Key) => ({ DeleteRequest: { Key } })),
  );
}

type WriteRequest = { PutRequest: { Item: Item } } | { DeleteRequest: { Key: Item } };

async function writeAll(client: DocumentClient, table: string, requests: readonly WriteRequest[]): Promise<void> {
  await pMap(parts(requests, limits.write), (batch) => writeBatch(client, table, batch), { concurrency: batchesAtOnce });
}

async function getBatch(client: DocumentClient, table: string, keys: Item[]): Promise<Item[]> {
  const found: Item[] = [];
  let wanted = keys;
  for (let round = 0; wanted.length > 0; round++) {
    await backOff(round, `read ${wanted.length} items of ${table}`);
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys: wanted, ConsistentRead: true } } }),
    );
    found.push(...(Responses?.[table] ?? []));
    wanted = UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return found;
}

async function writeBatch(client: DocumentClient, table: string, requests: WriteRequest[]): Promise<void> {
  let wanted: NonNullable<ConstructorParameters<typeof BatchWriteCommand>[0]['RequestItems']>[string] = requests;
  for (let round = 0; wanted.length > 0; round++) {
    await backOff(round, `write ${wanted.length} items of ${table}`);
    const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems: { [table]: wanted } }));
    wanted = UnprocessedItems?.[table] ?? [];
  }
}

/** Nothing before the first try; then a random part of 25 ms, 50 ms, … up to 3 s. */
async function backOff(round: number, what: string): Promise<void> {
  if (round >= tries) throw new Error(`DynamoDB would not ${what} in ${tries} tries. The message comes again by itself.`);
  if (round > 0) await setTimeout(Math.random() * Math.min(25 * 2 ** (round - 1), 3_000));
}

export function parts<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
}
