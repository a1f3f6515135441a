/**
 * Devices as the gather writes them. New ones are put whole, in batches; known ones are updated in the attributes that the
 * source owns, so that verdicts, matches, decisions and actions that others write are never overwritten.
 */
import { isDeepStrictEqual } from 'node:util';
import { QueryCommand, TransactWriteCommand, type TransactWriteCommandInput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { deviceHash } from '#adapters/fingerprint';
import type { Device, DeviceKey } from '#domain/devices/device';
import type { TimelineEntry } from '#domain/journal/timeline';
import { getAll } from '../batch-requests.ts';
import type { DocumentClient } from '../client.ts';
import { timelineItem } from '../journal/timeline.ts';
import { indexes, shardKey } from '../keys.ts';
import { committed, untilSettled } from '../transactions.ts';
import { deviceItem, deviceItemKey, deviceKeyOf, movingKey, parseDevice } from './device-items.ts';

export type Recorded = { device: Device; lines: readonly TimelineEntry[] };
export type ObservedDevices = {
  /** By device hash, strongly consistent. */
  read(keys: readonly DeviceKey[]): Promise<Map<string, Device>>;
  /** Each device with its lines: both or neither. Throws when someone else stored one of them meanwhile. */
  putNew(recorded: readonly Recorded[]): Promise<void>;
  /** With its lines, both or neither. False when someone else changed the device since `before` was read: read and decide anew. */
  update(before: Device, after: Device, lines: readonly TimelineEntry[]): Promise<boolean>;
  /** Hashes of devices whose full record every gather reads. Eventually consistent. */
  moving(sourceId: string): Promise<Set<string>>;
  /** The device of a hash, or null. Eventually consistent. */
  locate(sourceId: string, hash: string): Promise<DeviceKey | null>;
};

const owned = [
  'provider',
  'type',
  'level',
  'notification',
  'lastSync',
  'href',
  'detail',
  'presence',
  'missingSince',
  'registeredAt',
  'observedAt',
  'observedSeq',
  'baselineRun',
  'baselineOwed',
  'denial',
  'heldSince',
  'removal',
  'overruled',
  'returnedAt',
] as const satisfies readonly (keyof Device)[];
/** What others write and a change of ours may rest on. */
const compared = [
  'registeredAt',
  'presence',
  'observedAt',
  'observedSeq',
  'denial',
  'heldSince',
  'openAction',
] as const satisfies readonly (keyof Device)[];

export function observedDevices(client: DocumentClient, tables: { devices: string; journal: string }): ObservedDevices {
  const linePuts = ({ device, lines }: Recorded) =>
    lines.map((line) => ({ Put: { TableName: tables.journal, Item: timelineItem(device, line) } }));
  const newPut = ({ device }: Recorded) => ({
    Put: { TableName: tables.devices, Item: deviceItem(device), ConditionExpression: 'attribute_not_exists(pk)' },
  });

  return {
    async read(keys) {
      const items = await getAll(client, tables.devices, keys.map(deviceItemKey));
      const devices = items.map(parseDevice);
      return new Map(devices.map((device) => [deviceHash(device), device]));
    },
    async putNew(recorded) {
      const writes = recorded.map((one) => [newPut(one), ...linePuts(one)]);
      await pMap(
        transactions(writes),
        (items) =>
          untilSettled(async () => {
            const done = await committed(client.send(new TransactWriteCommand({ TransactItems: items })));
            return done ? true : null;
          }, 'A new device'),
        { concurrency: transactionsAtOnce },
      );
    },
    async update(before, after, lines) {
      const update = { TableName: tables.devices, ...updateOf(before, after) };
      if (lines.length > 0) {
        const puts = linePuts({ device: after, lines });
        return committed(client.send(new TransactWriteCommand({ TransactItems: [{ Update: update }, ...puts] })));
      }
      try {
        await client.send(new UpdateCommand(update));
        return true;
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
        throw error;
      }
    },
    async moving(sourceId) {
      const hashes = new Set<string>();
      let from: Record<string, unknown> | undefined;
      do {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new QueryCommand({
            TableName: tables.devices,
            IndexName: indexes.moving,
            KeyConditionExpression: 'moving = :source',
            ExpressionAttributeValues: { ':source': sourceId },
            ...(from === undefined ? {} : { ExclusiveStartKey: from }),
          }),
        );
        for (const item of Items) hashes.add(String(item.hash));
        from = LastEvaluatedKey;
      } while (from !== undefined);
      return hashes;
    },
    async locate(sourceId, hash) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: tables.devices,
          IndexName: indexes.bySource,
          KeyConditionExpression: '#shard = :shard AND #hash = :hash',
          ExpressionAttributeNames: { '#shard': 'shard', '#hash': 'hash' },
          ExpressionAttributeValues: { ':shard': shardKey(sourceId, hash), ':hash': hash },
        }),
      );
      return Items[0] === undefined ? null : deviceKeyOf(Items[0]);
    },
  };
}

type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;
/** DynamoDB takes a hundred items in a transaction. */
const mostItems = 100;
const transactionsAtOnce = 4;

/** As few transactions as possible, each with whole devices only. */
function transactions(all: readonly Writes[]): Writes[] {
  const packed: Writes[] = [];
  for (const writes of all) {
    const last = packed.at(-1);
    if (last && last.length + writes.length <= mostItems) last.push(...writes);
    else packed.push([...writes]);
  }
  return packed;
}

function updateOf(before: Device, after: Device) {
  const changed = owned.filter((field) => !isDeepStrictEqual(before[field], after[field]));
  const moving = movingKey(after);
  const sets = [...changed.map((field) => `#${field} = :${field}`), ...(moving === null ? [] : ['moving = :moving'])];
  const named = new Set<string>([...changed, ...compared]);
  return {
    Key: deviceItemKey(before),
    UpdateExpression: [
      ...(sets.length === 0 ? [] : [`SET ${sets.join(', ')}`]),
      ...(moving === null ? ['REMOVE moving'] : []),
    ].join(' '),
    ConditionExpression: compared.map((field) => `#${field} = :before_${field}`).join(' AND '),
    ExpressionAttributeNames: Object.fromEntries([...named].map((field) => [`#${field}`, field])),
    ExpressionAttributeValues: {
      ...Object.fromEntries(changed.map((field) => [`:${field}`, after[field]])),
      ...Object.fromEntries(compared.map((field) => [`:before_${field}`, before[field]])),
      ...(moving === null ? {} : { ':moving': moving }),
    },
  };
}
