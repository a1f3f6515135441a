/**
 * Pages of devices by a filter. One call examines a bounded number of devices, however few of them match: a page may be short
 * and still have a cursor, and a fleet of 100,000 is listed without any slow request.
 */
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import type { Device, DeviceKey, Presence, VerdictName } from '#domain/devices/device';
import { getAll } from '../batch-requests.ts';
import type { DocumentClient } from '../client.ts';
import { encodeCursor } from '../cursor.ts';
import { userPk } from '../keys.ts';
import { allItems } from '../query-pages.ts';
import { deviceKeyOf, listedVerdicts, parseDevice } from './device-items.ts';
import { deviceWalk, type WalkPosition } from './device-walk.ts';

export type DeviceFilter = {
  source?: string;
  user?: string;
  verdict?: VerdictName;
  /** Default: all except removed ones. */
  presence?: Presence;
  /** Part of the user name or device id, in any letter case. */
  q?: string;
  cursor?: string;
  limit: number;
};
/** `looked`: how many devices were examined for it. */
export type DevicePage = { devices: Device[]; cursor: string | null; looked: number };

/** Keys are cheap to examine, whole records are not. */
const most = { keys: 24_000, records: 3000 };
const pageOfKeys = { byName: 2000, byRecord: 400 };
const recordsAtOnce = 400;
type Item = Record<string, unknown>;
type State = { client: DocumentClient; table: string; timing: RetryTiming };
type Wanted = { fits(device: Device): boolean; fitsKey(key: DeviceKey): boolean; missing: number };

/** Lists devices of DynamoDB. `timing`: of retries. */
export function deviceListing(client: DocumentClient, table: string, { timing = realTiming } = {}) {
  const state: State = { client, table, timing };
  return (filter: DeviceFilter, sources: readonly string[]): Promise<DevicePage> => {
    const wanted = filter.source === undefined ? sources : [filter.source];
    return filter.user === undefined
      ? pageOf(state, filter, wanted)
      : pageOfUser(state, { ...filter, user: filter.user }, wanted);
  };
}

/** All devices of one user: a person has few. */
async function pageOfUser(
  state: State,
  filter: DeviceFilter & { user: string },
  sources: readonly string[],
): Promise<DevicePage> {
  const found = (await Promise.all(sources.map((source) => devicesOfUser(state, source, filter.user)))).flat();
  return { devices: found.filter(filterOf(filter).fits), cursor: null, looked: found.length };
}

async function devicesOfUser({ client, table }: State, sourceId: string, user: string): Promise<Device[]> {
  const items = await allItems(client, {
    TableName: table,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :device)',
    ExpressionAttributeValues: { ':pk': userPk({ sourceId, user }), ':device': 'device|' },
    ConsistentRead: true,
  });
  return items.map(parseDevice);
}

/** Walks until the page is full, the walk ends, or the number of keys or records that one call may read is reached. */
async function pageOf(state: State, filter: DeviceFilter, sources: readonly string[]): Promise<DevicePage> {
  const { fits, fitsKey, isSelective } = filterOf(filter);
  const listed = listedVerdicts.find((one) => one === filter.verdict) ?? null;
  const walk = deviceWalk(state.client, state.table, listed);
  const devices: Device[] = [];
  const examined = { keys: 0, records: 0 };
  let at: WalkPosition | null = filter.cursor === undefined ? walk.first(sources) : walk.parse(filter.cursor, sources);
  while (at !== null && devices.length < filter.limit && examined.keys < most.keys && examined.records < most.records) {
    const missing = filter.limit - devices.length;
    const size = filter.q !== undefined ? pageOfKeys.byName : isSelective ? pageOfKeys.byRecord : missing;
    const { items, more } = await walk.keys(at, size);
    const { found, last, read } = await take(state, items, { fits, fitsKey, missing });
    devices.push(...found);
    examined.keys += items.length;
    examined.records += read;
    const isPartDone = last === undefined || (!more && last === items.at(-1));
    at = isPartDone ? walk.next(at, sources) : walk.behind(at, last);
  }
  return { devices, cursor: at === null ? null : encodeCursor(at), looked: examined.keys };
}

/** Matching devices among these keys, at most `missing`; `last`: the key that was reached. */
async function take(state: State, items: readonly Item[], { fits, fitsKey, missing }: Wanted) {
  const named = items.filter((item) => fitsKey(deviceKeyOf(item)));
  const found: Device[] = [];
  for (let from = 0; from < named.length; from += recordsAtOnce) {
    const some = named.slice(from, from + recordsAtOnce);
    for (const [index, device] of (await recordsOf(state, some)).entries()) {
      if (device !== undefined && fits(device)) found.push(device);
      if (found.length >= missing) return { found, last: some[index], read: from + some.length };
    }
  }
  return { found, last: items.at(-1), read: named.length };
}

/** Whole records of keys, in the order of the keys; undefined for a key whose device was deleted meanwhile. */
async function recordsOf({ client, table, timing }: State, items: readonly Item[]): Promise<(Device | undefined)[]> {
  const keys = items.map(({ pk, sk }) => ({ pk, sk }));
  const stored = await getAll(client, table, keys, { timing });
  const byKey = new Map(stored.map((item) => [`${item.pk}\u0000${item.sk}`, parseDevice(item)]));
  return items.map(({ pk, sk }) => byKey.get(`${pk}\u0000${sk}`));
}

function filterOf({ verdict, presence, q }: DeviceFilter) {
  const part = q?.toLowerCase();
  const fitsKey = ({ user, deviceId }: DeviceKey) =>
    part === undefined || user.toLowerCase().includes(part) || deviceId.toLowerCase().includes(part);
  const fits = (one: Device) =>
    fitsKey(one) &&
    (verdict === undefined || one.verdict?.verdict === verdict) &&
    (presence === undefined ? one.presence !== 'removed' : one.presence === presence);
  /** Without a filter nearly every key that is read is listed. */
  return { fitsKey, fits, isSelective: verdict !== undefined || presence !== undefined };
}
