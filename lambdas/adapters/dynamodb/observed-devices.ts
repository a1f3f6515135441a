/**
 * Devices as the gather writes them. New ones are put whole, in batches; known ones are updated in the attributes that the
 * source owns, so that verdicts, matches, decisions and actions that others write are never overwritten.
 */
import { isDeepStrictEqual } from 'node:util';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { deviceHash } from '#adapters/fingerprint';
import type { Device, DeviceKey } from '#domain/device';
import type { TimelineEntry } from '#domain/timeline';
import { getAll, putAll } from './batches.ts';
import type { DocumentClient } from './client.ts';
import { deviceItem, deviceItemKey, deviceKeyOf, movingKey, parseDevice } from './device-items.ts';
import { indexes, shardKey } from './keys.ts';
import { timelineItem } from './timeline.ts';

export type Recorded = { device: Device; lines: readonly TimelineEntry[] };
export type ObservedDevices = {
  /** By device hash, strongly consistent. */
  read(keys: readonly DeviceKey[]): Promise<Map<string, Device>>;
  /** Lines first: a device that is stored has its first line. */
  putNew(recorded: readonly Recorded[]): Promise<void>;
  appendLines(recorded: readonly Recorded[]): Promise<void>;
  /** False when someone else changed the device since `before` was read: read it and decide anew. */
  update(before: Device, after: Device): Promise<boolean>;
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
  'denial',
  'heldSince',
] as const satisfies readonly (keyof Device)[];
/** What others write and a change of ours may rest on. */
const compared = ['registeredAt', 'presence', 'observedAt', 'observedSeq', 'denial', 'heldSince', 'openAction'] as const;

export function observedDevices(client: DocumentClient, tables: { devices: string; journal: string }): ObservedDevices {
  const appendLines = (recorded: readonly Recorded[]) =>
    putAll(
      client,
      tables.journal,
      recorded.flatMap(({ device, lines }) => lines.map((line) => timelineItem(device, line))),
    );
  return {
    async read(keys) {
      const items = await getAll(client, tables.devices, keys.map(deviceItemKey));
      const devices = items.map(parseDevice);
      return new Map(devices.map((device) => [deviceHash(device), device]));
    },
    async putNew(recorded) {
      await appendLines(recorded);
      await putAll(
        client,
        tables.devices,
        recorded.map(({ device }) => deviceItem(device)),
      );
    },
    appendLines,
    async update(before, after) {
      try {
        await client.send(new UpdateCommand({ TableName: tables.devices, ...updateOf(before, after) }));
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
