/**
 * The relays and their connections: one item per relay in the Control table, and one per connection with a time to live. A relay
 * is invited (a single-use token names it), enrolled (its public key is known), and finally revoked, permanently.
 * Invariants: a token is used once; a nonce is used once; a revoked relay is never changed again.
 */
import { DeleteCommand, GetCommand, PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type RelayRecord, relayRecord } from '#domain/relay/relay-identity';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { controlKeys } from '../keys.ts';
import { allItems } from '../query-pages.ts';
import { setExpression } from '../set-expression.ts';

export type RelayChange = Partial<Omit<RelayRecord, 'relayId' | 'sourceId'>>;
export type RelayStore = {
  /** `tokenHash`: SHA-256 of the token, hex. */
  invite(relay: RelayRecord & { tokenHash: string }): Promise<void>;
  /** Strongly consistent. */
  read(relayId: string): Promise<RelayRecord | null>;
  list(): Promise<RelayRecord[]>;
  /** The relay that a token invites; null for a token that was never issued, or was deleted after it expired. */
  invited(tokenHash: string): Promise<RelayRecord | null>;
  /** Consumes the token. False, and nothing written, when it was used before or the relay is revoked. */
  enrol(relayId: string, tokenHash: string, change: RelayChange): Promise<boolean>;
  /** Sets fields of a relay and returns the relay as it was before; null when it is revoked or unknown. */
  update(relayId: string, change: RelayChange): Promise<RelayRecord | null>;
  /** Like `update`, only while `connectionId` is its current connection. */
  updateConnected(relayId: string, connectionId: string, change: RelayChange): Promise<boolean>;
  /** False when this nonce of this relay was used before. Kept until `until` (epoch ms). */
  spendNonce(relayId: string, nonce: string, until: number): Promise<boolean>;
  connected(relayId: string, connection: { connectionId: string; sourceId: string; at: number; until: number }): Promise<void>;
  disconnected(relayId: string, connectionId: string): Promise<void>;
  /** Ids of its connections that are not known to be closed. */
  connections(relayId: string): Promise<string[]>;
};

const tokenPointer = z.object({ relayId: z.string() });
const connectionItem = z.object({ connectionId: z.string() });
const seconds = (ms: number) => Math.floor(ms / 1000);
/** A token is kept for a day after it expires, so that it is reported as expired, not as unknown. */
const tokenKeptMs = 24 * 3_600_000;

type State = { client: DocumentClient; table: string };

/** Relays in the Control table. */
export function relayStore(client: DocumentClient, table: string): RelayStore {
  const state: State = { client, table };
  return {
    invite: (relay) => inviteRelay(state, relay),
    read: (relayId) => readRelay(state, relayId),
    list: () => listRelays(state),
    invited: (tokenHash) => invitedRelay(state, tokenHash),
    enrol: async (relayId, tokenHash, fields) => {
      const values = { ':used': tokenHash, ':none': null };
      return (await change(state, relayId, { fields, condition: 'tokenHash = :used AND revokedAt = :none', values })) !== null;
    },
    update: (relayId, fields) => change(state, relayId, { fields, condition: 'revokedAt = :none', values: { ':none': null } }),
    updateConnected: async (relayId, connectionId, fields) => {
      const values = { ':present': connectionId };
      return (await change(state, relayId, { fields, condition: 'connectionId = :present', values })) !== null;
    },
    spendNonce: (relayId, nonce, until) => spendNonce(state, relayId, { nonce, until }),
    connected: (relayId, connection) => noteConnection(state, relayId, connection),
    async disconnected(relayId, connectionId) {
      await client.send(new DeleteCommand({ TableName: table, Key: controlKeys.relayConnection(relayId, connectionId) }));
    },
    connections: (relayId) => connectionsOf(state, relayId),
  };
}

async function inviteRelay({ client, table }: State, relay: RelayRecord & { tokenHash: string }): Promise<void> {
  const pointer = { ...controlKeys.relayToken(relay.tokenHash), relayId: relay.relayId };
  const expiresAt = seconds(relay.tokenUntil + tokenKeptMs);
  const items = [
    { ...controlKeys.relay(relay.relayId), ...relay },
    { ...pointer, expiresAt },
  ];
  await client.send(new TransactWriteCommand({ TransactItems: items.map((Item) => ({ Put: { TableName: table, Item } })) }));
}

async function readRelay({ client, table }: State, relayId: string): Promise<RelayRecord | null> {
  const Key = controlKeys.relay(relayId);
  const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
  return Item === undefined ? null : relayRecord.parse(Item);
}

async function listRelays({ client, table }: State): Promise<RelayRecord[]> {
  const items = await allItems(client, {
    TableName: table,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': controlKeys.relay('').pk },
  });
  return items.map((item) => relayRecord.parse(item));
}

async function invitedRelay(state: State, tokenHash: string): Promise<RelayRecord | null> {
  const Key = controlKeys.relayToken(tokenHash);
  const { Item } = await state.client.send(new GetCommand({ TableName: state.table, Key }));
  return Item === undefined ? null : readRelay(state, tokenPointer.parse(Item).relayId);
}

type Change = { fields: RelayChange; condition: string; values: Record<string, unknown> };

/** The relay as it was before; null when it is unknown or the condition fails. */
async function change({ client, table }: State, relayId: string, { fields, condition, values }: Change) {
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
  const done = await nullIfRefused(client.send(update));
  return done === null ? null : relayRecord.parse(done.Attributes);
}

async function spendNonce(
  { client, table }: State,
  relayId: string,
  { nonce, until }: { nonce: string; until: number },
): Promise<boolean> {
  const Item = { ...controlKeys.relayNonce(relayId, nonce), expiresAt: seconds(until) + 1 };
  const put = new PutCommand({ TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' });
  return (await nullIfRefused(client.send(put))) !== null;
}

async function noteConnection(
  { client, table }: State,
  relayId: string,
  { connectionId, sourceId, at, until }: Parameters<RelayStore['connected']>[1],
): Promise<void> {
  const key = controlKeys.relayConnection(relayId, connectionId);
  const Item = { ...key, connectionId, sourceId, connectedAt: at, expiresAt: seconds(until) };
  await client.send(new PutCommand({ TableName: table, Item }));
}

async function connectionsOf({ client, table }: State, relayId: string): Promise<string[]> {
  const items = await allItems(client, {
    TableName: table,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': controlKeys.relayConnection(relayId, '').pk },
    ConsistentRead: true,
  });
  return items.map((item) => connectionItem.parse(item).connectionId);
}
