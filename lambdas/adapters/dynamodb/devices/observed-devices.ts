/**
 * Devices as the gather writes them. New ones are put whole, in batches; for known ones only the attributes that the source
 * owns are updated, so that verdicts, matches, decisions and actions that others write are never overwritten.
 */
import { isDeepStrictEqual } from 'node:util';
import { QueryCommand, TransactWriteCommand, type TransactWriteCommandInput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { deviceHash } from '#adapters/fingerprint';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import type { Device, DeviceKey } from '#domain/devices/device';
import type { TimelineEntry } from '#domain/journal/timeline';
import { getAll } from '../batch-requests.ts';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { timelineItem } from '../journal/timeline.ts';
import { indexes, shardKey } from '../keys.ts';
import { allItems } from '../query-pages.ts';
import { committed, untilWritten } from '../transactions.ts';
import { deviceItem, deviceItemKey, deviceKeyOf, movingKey, parseDevice } from './device-items.ts';

export type Recorded = { device: Device; lines: readonly TimelineEntry[] };
export type ObservedDevices = {
  /** By device hash, strongly consistent. */
  read(keys: readonly DeviceKey[]): Promise<Map<string, Device>>;
  /** Each device with its lines, both or neither. Throws when another writer stored one of them meanwhile. */
  putNew(recorded: readonly Recorded[]): Promise<void>;
  /** With its lines, both or neither. False when another writer changed the device since `before` was read: read it again. */
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
/** What others write and our change may depend on. */
const compared = [
  'registeredAt',
  'presence',
  'observedAt',
  'observedSeq',
  'denial',
  'heldSince',
  'openAction',
] as const satisfies readonly (keyof Device)[];

type State = { client: DocumentClient; tables: { devices: string; journal: string }; timing: RetryTiming };
type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** DynamoDB allows a hundred items in a transaction. */
const mostItems = 100;
const transactionsAtOnce = 4;

/** Devices in DynamoDB, for the gather. `timing`: of retries. */
export function observedDevices(
  client: DocumentClient,
  tables: { devices: string; journal: string },
  { timing = realTiming } = {},
): ObservedDevices {
  const state: State = { client, tables, timing };
  return {
    read: (keys) => readDevices(state, keys),
    putNew: (recorded) => putNew(state, recorded),
    update: (before, after, lines) => update(state, before, { after, lines }),
    moving: (sourceId) => movingHashes(state, sourceId),
    locate: (sourceId, hash) => locate(state, sourceId, hash),
  };
}

async function readDevices({ client, tables, timing }: State, keys: readonly DeviceKey[]): Promise<Map<string, Device>> {
  const items = await getAll(client, tables.devices, keys.map(deviceItemKey), { timing });
  return new Map(items.map(parseDevice).map((device) => [deviceHash(device), device]));
}

async function putNew(state: State, recorded: readonly Recorded[]): Promise<void> {
  const writes = recorded.map((one) => [newPut(state, one), ...linePuts(state, one)]);
  await pMap(transactions(writes), (items) => putTogether(state, items), { concurrency: transactionsAtOnce });
}

async function putTogether({ client, timing }: State, TransactItems: Writes): Promise<void> {
  const attempt = async () => ((await committed(client.send(new TransactWriteCommand({ TransactItems })))) ? true : null);
  await untilWritten(attempt, 'A new device', timing);
}

const newPut = ({ tables }: State, { device }: Recorded): Writes[number] => ({
  Put: { TableName: tables.devices, Item: deviceItem(device), ConditionExpression: 'attribute_not_exists(pk)' },
});
const linePuts = ({ tables }: State, { device, lines }: Recorded): Writes =>
  lines.map((line) => ({ Put: { TableName: tables.journal, Item: timelineItem(device, line) } }));

async function update(
  state: State,
  before: Device,
  { after, lines }: { after: Device; lines: readonly TimelineEntry[] },
): Promise<boolean> {
  const { client, tables } = state;
  const change = { TableName: tables.devices, ...updateOf(before, after) };
  if (lines.length === 0) return (await nullIfRefused(client.send(new UpdateCommand(change)))) !== null;
  const TransactItems = [{ Update: change }, ...linePuts(state, { device: after, lines })];
  return committed(client.send(new TransactWriteCommand({ TransactItems })));
}

async function movingHashes({ client, tables }: State, sourceId: string): Promise<Set<string>> {
  const items = await allItems(client, {
    TableName: tables.devices,
    IndexName: indexes.moving,
    KeyConditionExpression: 'moving = :source',
    ExpressionAttributeValues: { ':source': sourceId },
  });
  return new Set(items.map((item) => String(item.hash)));
}

async function locate({ client, tables }: State, sourceId: string, hash: string): Promise<DeviceKey | null> {
  const query = {
    TableName: tables.devices,
    IndexName: indexes.bySource,
    KeyConditionExpression: '#shard = :shard AND #hash = :hash',
    ExpressionAttributeNames: { '#shard': 'shard', '#hash': 'hash' },
    ExpressionAttributeValues: { ':shard': shardKey(sourceId, hash), ':hash': hash },
  };
  const { Items = [] } = await client.send(new QueryCommand(query));
  return Items[0] === undefined ? null : deviceKeyOf(Items[0]);
}

/** As few transactions as possible; a device and its lines are never split. */
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
