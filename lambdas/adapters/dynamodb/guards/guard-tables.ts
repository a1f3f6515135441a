/** Shared by the parts of the guard store: its tables, reading one guard, and transactional writes. */
import { GetCommand, TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { controlKeys } from '#adapters/dynamodb/keys';
import { committed } from '#adapters/dynamodb/transactions';
import { type GuardItem, guardItem } from '#domain/quarantine/guard';

export type GuardTables = { client: DocumentClient; control: string; journal: string };
export type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** Strongly consistent; null for an unknown id. */
export async function readGuard({ client, control }: GuardTables, guardId: string): Promise<GuardItem | null> {
  const Key = controlKeys.guard(guardId);
  const { Item } = await client.send(new GetCommand({ TableName: control, Key, ConsistentRead: true }));
  return Item ? guardItem.parse(Item) : null;
}

/** False when a condition failed, or another transaction was in progress on the same items. */
export const writeTogether = ({ client }: GuardTables, TransactItems: Writes): Promise<boolean> =>
  committed(client.send(new TransactWriteCommand({ TransactItems })));
