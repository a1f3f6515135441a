/** Stored devices as the API, the evaluation of everyone, and the executor of actions use them. */
import { GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { Shown } from '#domain/action';
import type { Device, DeviceKey, Presence, VerdictName } from '#domain/device';
import { getAll } from './batches.ts';
import type { DocumentClient } from './client.ts';
import { CursorError, decodeCursor, encodeCursor } from './cursor.ts';
import { deviceItemKey, deviceKeyOf, movingKey, parseDevice } from './device-items.ts';
import { indexes, listingShards, parseUserPk, shardKey, userPk } from './keys.ts';

export type DeviceFilter = {
  source?: string;
  user?: string;
  verdict?: VerdictName;
  /** Left out: all but the removed ones. */
  presence?: Presence;
  /** Part of the user name or device id, in any letter case. */
  q?: string;
  cursor?: string;
  limit: number;
};
export type DevicePage = { devices: Device[]; cursor: string | null };
export type UserPage = { users: string[]; cursor: string | null };
export type DeviceStore = {
  getDevice(key: DeviceKey): Promise<Device | null>;
  /** Throws `CursorError` on a cursor that no listing gave. `sources`: every configured source, for a filter without one. */
  listDevices(filter: DeviceFilter, sources: readonly string[]): Promise<DevicePage>;
  /** Users of a source, each once within a page (a user may come again on a later one). */
  usersOfSource(sourceId: string, cursor?: string | null): Promise<UserPage>;
  /** What reading the device back showed. `gone` = the device is not stored. */
  recordShown(key: DeviceKey, shown: Shown & { at: number }): Promise<'recorded' | 'gone'>;
};

/** Where a listing stands: the shard, the last hash given of it, or for one user the last sort key. */
const position = z.object({ source: z.string(), shard: z.string(), after: z.string() });
type Position = z.infer<typeof position>;

const shards: readonly string[] = listingShards;
const [firstShard = ''] = shards;
const pageOfKeys = 200;
const pageOfUsers = 500;
const tries = 8;

export function deviceStore(client: DocumentClient, table: string): DeviceStore {
  async function getDevice(key: DeviceKey): Promise<Device | null> {
    const { Item } = await client.send(new GetCommand({ TableName: table, Key: deviceItemKey(key), ConsistentRead: true }));
    return Item === undefined ? null : parseDevice(Item);
  }

  /** Keys of one shard of a source, in hash order, after a hash. */
  async function keysOf({ source, shard, after }: Position, limit: number) {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName: table,
        IndexName: indexes.bySource,
        KeyConditionExpression: '#shard = :shard AND #hash > :after',
        ExpressionAttributeNames: { '#shard': 'shard', '#hash': 'hash' },
        ExpressionAttributeValues: { ':shard': shardKey(source, shard), ':after': after },
        Limit: limit,
      }),
    );
    return { items: Items, more: LastEvaluatedKey !== undefined };
  }

  async function devicesOfUser(sourceId: string, user: string): Promise<Device[]> {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :device)',
        ExpressionAttributeValues: { ':pk': userPk({ sourceId, user }), ':device': 'device|' },
        ConsistentRead: true,
      }),
    );
    return Items.map(parseDevice);
  }

  return {
    getDevice,

    async listDevices(filter, sources) {
      const wanted = filter.source === undefined ? sources : [filter.source];
      const passes = filterOf(filter);
      if (filter.user !== undefined) {
        const found = await Promise.all(wanted.map((source) => devicesOfUser(source, filter.user ?? '')));
        return { devices: found.flat().filter(passes.device), cursor: null };
      }
      const devices: Device[] = [];
      let place: Position | null = filter.cursor === undefined ? firstPlace(wanted) : parsePosition(filter.cursor);
      while (place !== null && devices.length < filter.limit) {
        const { items, more } = await keysOf(place, passes.selective ? pageOfKeys : filter.limit - devices.length);
        const keys = items.filter((item) => passes.key(deviceKeyOf(item)));
        const stored = await getAll(
          client,
          table,
          keys.map((item) => ({ pk: item.pk, sk: item.sk })),
        );
        const byKey = new Map(stored.map((item) => [`${item.pk}\u0000${item.sk}`, parseDevice(item)]));
        let reached: string | null = null;
        for (const item of items) {
          const device = byKey.get(`${item.pk}\u0000${item.sk}`);
          if (device !== undefined && passes.device(device)) devices.push(device);
          reached = String(item.hash);
          if (devices.length >= filter.limit) break;
        }
        const last = String(items.at(-1)?.hash ?? '');
        place = reached !== null && (more || reached !== last) ? { ...place, after: reached } : nextPlace(place, wanted);
      }
      return { devices, cursor: place === null ? null : encodeCursor(place) };
    },

    async usersOfSource(sourceId, cursor) {
      const place = cursor ? parsePosition(cursor) : { source: sourceId, shard: firstShard, after: '' };
      const { items, more } = await keysOf(place, pageOfUsers);
      const users = [...new Set(items.map((item) => parseUserPk(String(item.pk)).user))];
      const next = more ? { ...place, after: String(items.at(-1)?.hash ?? '') } : nextPlace(place, [sourceId]);
      return { users, cursor: next === null ? null : encodeCursor(next) };
    },

    async recordShown(key, { at, ...shown }) {
      for (let round = 0; round < tries; round++) {
        const stored = await getDevice(key);
        if (stored === null) return 'gone';
        if (stored.observedAt > at) return 'recorded';
        if (await putShown(client, table, stored, { at, shown })) return 'recorded';
      }
      throw new Error(
        `A device was written by others ${tries} times while its read-back was recorded. It comes again by itself.`,
      );
    },
  };
}

const unread = { wipeTypes: '', compliance: 'unknown', approvalDate: null, approvers: [], wipeDate: null, codes: {} };

async function putShown(
  client: DocumentClient,
  table: string,
  stored: Device,
  { at, shown }: { at: number; shown: Shown },
): Promise<boolean> {
  const detail = { ...unread, ...stored.detail, ...shown };
  const before = stored.detail;
  const moved =
    before === null || before.approval !== shown.approval || before.access !== shown.access || before.wipe !== shown.wipe;
  const moving = movingKey({ ...stored, detail });
  try {
    await client.send(
      new UpdateCommand({
        TableName: table,
        Key: deviceItemKey(stored),
        UpdateExpression: `SET detail = :detail, observedAt = :at, observedSeq = :next${
          moving === null ? ' REMOVE moving' : ', moving = :moving'
        }`,
        ConditionExpression: 'observedAt = :seenAt AND observedSeq = :seq AND registeredAt = :registeredAt',
        ExpressionAttributeValues: {
          ':detail': detail,
          ':at': at,
          ':next': stored.observedSeq + (moved ? 1 : 0),
          ':seenAt': stored.observedAt,
          ':seq': stored.observedSeq,
          ':registeredAt': stored.registeredAt,
          ...(moving === null ? {} : { ':moving': moving }),
        },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
    throw error;
  }
}

function filterOf({ verdict, presence, q }: DeviceFilter) {
  const part = q?.toLowerCase();
  const key = ({ user, deviceId }: DeviceKey) =>
    part === undefined || user.toLowerCase().includes(part) || deviceId.toLowerCase().includes(part);
  const device = (one: Device) =>
    key(one) &&
    (verdict === undefined || one.verdict?.verdict === verdict) &&
    (presence === undefined ? one.presence !== 'removed' : one.presence === presence);
  /** Without a filter every key read is a device listed. */
  const selective = q !== undefined || verdict !== undefined || presence !== undefined;
  return { key, device, selective };
}

function firstPlace([source]: readonly string[]): Position | null {
  return source === undefined ? null : { source, shard: firstShard, after: '' };
}

function nextPlace({ source, shard }: Position, sources: readonly string[]): Position | null {
  const next = shards[shards.indexOf(shard) + 1];
  if (next !== undefined) return { source, shard: next, after: '' };
  return firstPlace(sources.slice(sources.indexOf(source) + 1));
}

function parsePosition(cursor: string): Position {
  const parsed = position.safeParse(decodeCursor(cursor));
  if (!parsed.success) throw new CursorError(parsed.error);
  return parsed.data;
}
