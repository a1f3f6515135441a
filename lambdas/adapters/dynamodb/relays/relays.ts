/**
 * The relays and their connections: one item each in the Control table, and one per connection with a time to live. A relay is
 * invited (a one-time token names it), enrolled (its public key is known), and in the end revoked, for good.
 * Invariants: a token is used once; a nonce is used once; a revoked relay is never changed again.
 */
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type RelayRecord, relayRecord } from '#domain/relay/relay-identity';
import type { DocumentClient } from '../client.ts';
import { controlKeys } from '../keys.ts';
import { setExpression } from '../set-expression.ts';

export type RelayChange = Partial<Omit<RelayRecord, 'relayId' | 'sourceId'>>;
export type RelayStore = {
  /** `tokenHash`: SHA-256 of the token, hex. */
  invite(relay: RelayRecord & { tokenHash: string }): Promise<void>;
  /** Strongly consistent. */
  read(relayId: string): Promise<RelayRecord | null>;
  list(): Promise<RelayRecord[]>;
  /** Which relay a token invites; null for one that was never given out, or has been swept. */
  invited(tokenHash: string): Promise<RelayRecord | null>;
  /** Uses the token up. False when it was used before or the relay is revoked: nothing was written then. */
  enrol(relayId: string, tokenHash: string, change: RelayChange): Promise<boolean>;
  /** Sets fields of a relay that is not revoked; null when it is (or is not known). Else the relay as it was before. */
  update(relayId: string, change: RelayChange): Promise<RelayRecord | null>;
  /** As `update`, only while `connectionId` is its present connection. */
  updateConnected(relayId: string, connectionId: string, change: RelayChange): Promise<boolean>;
  /** False when this nonce of this relay was used before. Remembered until `until` (epoch ms). */
  spendNonce(relayId: string, nonce: string, until: number): Promise<boolean>;
  connected(relayId: string, connection: { connectionId: string; sourceId: string; at: number; until: number }): Promise<void>;
  disconnected(relayId: string, connectionId: string): Promise<void>;
  /** Ids of its connections that are not known to be closed. */
  connections(relayId: string): Promise<string[]>;
};

const tokenPointer = z.object({ relayId: z.string() });
const connectionItem = z.object({ connectionId: z.string() });
const seconds = (ms: number) => Math.floor(ms / 1000);
/** Kept a day longer than a token lives, so that a late one is told that it is late, not that it never was. */
const tokenKeptMs = 24 * 3_600_000;

export function relayStore(client: DocumentClient, table: string): RelayStore {
  async function change(relayId: string, fields: RelayChange, condition: string, values: Record<string, unknown> = {}) {
    const { expression, names, values: set } = setExpression(fields);
    const update = new UpdateCommand({
      TableName: table,
      Key: controlKeys.relay(relayId),
      UpdateExpression: expression,
      ConditionExpression: `attribute_exists(relayId) AND ${condition}`,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: { ...set, ...values },
      ReturnValues: 'ALL_OLD',
    });
    const done = await client.send(update).catch(unlessRefused);
    return done === null ? null : relayRecord.parse(done.Attributes);
  }

  return {
    async invite(relay) {
      const pointer = { ...controlKeys.relayToken(relay.tokenHash), relayId: relay.relayId };
      const expiresAt = seconds(relay.tokenUntil + tokenKeptMs);
      const items = [
        { ...controlKeys.relay(relay.relayId), ...relay },
        { ...pointer, expiresAt },
      ];
      await client.send(new TransactWriteCommand({ TransactItems: items.map((Item) => ({ Put: { TableName: table, Item } })) }));
    },
    async read(relayId) {
      const { Item } = await client.send(
        new GetCommand({ TableName: table, Key: controlKeys.relay(relayId), ConsistentRead: true }),
      );
      return Item === undefined ? null : relayRecord.parse(Item);
    },
    async list() {
      const found: RelayRecord[] = [];
      let from: Record<string, unknown> | undefined;
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': controlKeys.relay('').pk },
            ...(from === undefined ? {} : { ExclusiveStartKey: from }),
          }),
        );
        found.push(...(page.Items ?? []).map((item) => relayRecord.parse(item)));
        from = page.LastEvaluatedKey;
      } while (from !== undefined);
      return found;
    },
    async invited(tokenHash) {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: controlKeys.relayToken(tokenHash) }));
      return Item === undefined ? null : this.read(tokenPointer.parse(Item).relayId);
    },
    enrol: async (relayId, tokenHash, fields) =>
      (await change(relayId, fields, 'tokenHash = :used AND revokedAt = :none', { ':used': tokenHash, ':none': null })) !== null,
    update: (relayId, fields) => change(relayId, fields, 'revokedAt = :none', { ':none': null }),
    updateConnected: async (relayId, connectionId, fields) =>
      (await change(relayId, fields, 'connectionId = :present', { ':present': connectionId })) !== null,
    async spendNonce(relayId, nonce, until) {
      const Item = { ...controlKeys.relayNonce(relayId, nonce), expiresAt: seconds(until) + 1 };
      const put = new PutCommand({ TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' });
      return (await client.send(put).catch(unlessRefused)) !== null;
    },
    async connected(relayId, { connectionId, sourceId, at, until }) {
      const key = controlKeys.relayConnection(relayId, connectionId);
      const Item = { ...key, connectionId, sourceId, connectedAt: at, expiresAt: seconds(until) };
      await client.send(new PutCommand({ TableName: table, Item }));
    },
    async disconnected(relayId, connectionId) {
      await client.send(new DeleteCommand({ TableName: table, Key: controlKeys.relayConnection(relayId, connectionId) }));
    },
    async connections(relayId) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': controlKeys.relayConnection(relayId, '').pk },
          ConsistentRead: true,
        }),
      );
      return Items.map((item) => connectionItem.parse(item).connectionId);
    },
  };
}

function unlessRefused(error: unknown): null {
  if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return null;
  throw error;
}
