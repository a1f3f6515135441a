/** Stored devices as the API, the evaluation of everyone, and the executor of actions use them. */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { realTiming } from '#adapters/retry-timing';
import type { Shown } from '#domain/actions/action';
import type { Device, DeviceKey } from '#domain/devices/device';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { encodeCursor } from '../cursor.ts';
import { parseUserPk } from '../keys.ts';
import { untilWritten } from '../transactions.ts';
import { deviceItemKey, movingKey, parseDevice } from './device-items.ts';
import { type DeviceFilter, type DevicePage, deviceListing } from './device-listing.ts';
import { deviceWalk } from './device-walk.ts';

export type UserPage = { users: string[]; cursor: string | null };
export type DeviceStore = {
  getDevice(key: DeviceKey): Promise<Device | null>;
  /** Throws `CursorError` on an invalid cursor. `sources`: every configured source, for a filter without one. */
  listDevices(filter: DeviceFilter, sources: readonly string[]): Promise<DevicePage>;
  /** Users of a source, each once within a page (a user may be on a later one too). */
  usersOfSource(sourceId: string, cursor?: string | null): Promise<UserPage>;
  /** Stores what reading the device back showed. `gone`: the device is not stored. */
  recordShown(key: DeviceKey, shown: Shown & { at: number }): Promise<'recorded' | 'gone'>;
};

const pageOfUsers = 500;

/** Devices in DynamoDB. `timing`: of retries. */
export function deviceStore(client: DocumentClient, table: string, { timing = realTiming } = {}): DeviceStore {
  async function getDevice(key: DeviceKey): Promise<Device | null> {
    const { Item } = await client.send(new GetCommand({ TableName: table, Key: deviceItemKey(key), ConsistentRead: true }));
    return Item === undefined ? null : parseDevice(Item);
  }

  const walk = deviceWalk(client, table);
  return {
    getDevice,

    listDevices: deviceListing(client, table, { timing }),

    async usersOfSource(sourceId, cursor) {
      const at = cursor ? walk.parse(cursor, [sourceId]) : walk.first([sourceId]);
      if (at === null) return { users: [], cursor: null };
      const { items, more } = await walk.keys(at, pageOfUsers);
      const users = [...new Set(items.map((item) => parseUserPk(String(item.pk)).user))];
      const last = items.at(-1);
      const next = more && last !== undefined ? walk.behind(at, last) : walk.next(at, [sourceId]);
      return { users, cursor: next === null ? null : encodeCursor(next) };
    },

    async recordShown(key, { at, ...shown }) {
      const attempt = async () => {
        const stored = await getDevice(key);
        if (stored === null) return 'gone';
        if (stored.observedAt > at) return 'recorded';
        return (await putShown(client, table, stored, { at, shown })) ? 'recorded' : null;
      };
      return untilWritten<'gone' | 'recorded'>(attempt, 'A device that was read back', timing);
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
  const update = new UpdateCommand({
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
  });
  return (await nullIfRefused(client.send(update))) !== null;
}
