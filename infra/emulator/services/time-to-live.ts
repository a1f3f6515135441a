/** Deletes items that are past their time to live, which DynamoDB does itself but dynoxide does not. */
import { ConditionalCheckFailedException, DeleteItemCommand, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import type { Table } from '#infra/emulator/model';

const everyMs = 60 * 60 * 1000;

/** One sweep of all tables; `now` in epoch seconds. An item whose time was extended meanwhile stays. Returns how many it deleted. */
export async function sweepExpired(
  client: DynamoDBClient,
  tables: readonly Table[],
  now: number,
  signal?: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for (const { name, ttlAttribute, definition } of tables) {
    if (ttlAttribute === null) continue;
    const keys = keysOf(definition);
    const pages = paginateScan(
      { client, pageSize: 500 },
      {
        TableName: name,
        FilterExpression: '#ttl < :now',
        ProjectionExpression: keys.map((_, index) => `#k${index}`).join(', '),
        ExpressionAttributeNames: { '#ttl': ttlAttribute, ...Object.fromEntries(keys.map((key, index) => [`#k${index}`, key])) },
        ExpressionAttributeValues: { ':now': { N: String(now) } },
      },
    );
    for await (const { Items = [] } of pages) {
      if (signal?.aborted) return deleted;
      for (const Key of Items) deleted += await remove(client, { TableName: name, Key, ttlAttribute, now });
    }
  }
  return deleted;
}

/** Sweeps every hour until stopped. */
export function startSweeping(
  client: DynamoDBClient,
  tables: readonly Table[],
  onProblem: (message: string) => void,
): () => Promise<void> {
  const stopping = new AbortController();
  let sweeping: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    sweeping = sweeping
      .then(() => sweepExpired(client, tables, Math.floor(Date.now() / 1000), stopping.signal))
      .catch((error) => onProblem(`Expired items could not be deleted: ${error.message}`));
  }, everyMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    stopping.abort();
    await sweeping;
  };
}

type Expired = { TableName: string; Key: Record<string, never> | object; ttlAttribute: string; now: number };

async function remove(client: DynamoDBClient, { TableName, Key, ttlAttribute, now }: Expired): Promise<number> {
  try {
    await client.send(
      new DeleteItemCommand({
        TableName,
        Key: { ...Key },
        ConditionExpression: '#ttl < :now',
        ExpressionAttributeNames: { '#ttl': ttlAttribute },
        ExpressionAttributeValues: { ':now': { N: String(now) } },
      }),
    );
    return 1;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return 0;
    throw error;
  }
}

function keysOf({ KeySchema }: Table['definition']): string[] {
  return Array.isArray(KeySchema) ? KeySchema.map(({ AttributeName }) => String(AttributeName)) : [];
}
