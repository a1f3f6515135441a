import { BatchGetCommand, BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { getAll, putAll } from '#adapters/dynamodb/batch-requests';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { deviceStore } from '#adapters/dynamodb/devices/devices';
import { observedDevices } from '#adapters/dynamodb/devices/observed-devices';
import { leaseStore } from '#adapters/dynamodb/gather/leases';
import { manifestStore } from '#adapters/dynamodb/gather/manifests';
import { FencedOff } from '#adapters/dynamodb/gather/sources';
import { deviceHash } from '#adapters/fingerprint';
import type { Device, VerdictName } from '#domain/devices/device';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let db: TestDatabase;
beforeAll(async () => {
  db = await startDynamoDb();
});
afterAll(() => db.stop());

const detail = {
  ...{ approval: 'approved' as const, access: 'allow' as const, wipe: 'none' as const, wipeTypes: '1', compliance: 'compliant' },
  ...{ approvalDate: null, approvers: [], wipeDate: null, codes: {} },
};
function aDevice(sourceId: string, user: string, deviceId: string, change: Partial<Device> = {}): Device {
  return {
    ...{ sourceId, user, deviceId, provider: 'p', type: 't', level: 'l', notification: 'n', lastSync: null, href: '/h' },
    ...{ detail, presence: 'present', missingSince: null, firstSeen: 1, registeredAt: 1, observedAt: 1, observedSeq: 0 },
    ...{ baselineRun: null, denial: null, openAction: null, verdict: null, match: null, heldSince: null },
    ...change,
  };
}
const observed = () => observedDevices(db.client, db.tables);
const devices = () => deviceStore(db.client, db.tables.devices);
const put = (all: Device[]) => observed().putNew(all.map((device) => ({ device, lines: [] })));

async function listed(filter: Partial<Parameters<ReturnType<typeof devices>['listDevices']>[0]>, sources = ['list', 'list2']) {
  const found: Device[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page: Awaited<ReturnType<ReturnType<typeof devices>['listDevices']>> = await devices().listDevices(
      { limit: 7, ...filter, ...(cursor === null ? {} : { cursor }) },
      sources,
    );
    expect(page.devices.length).toBeLessThanOrEqual(filter.user === undefined ? 7 : 100);
    found.push(...page.devices);
    cursor = page.cursor;
    pages++;
  } while (cursor !== null && pages < 200);
  return found.map(({ deviceId }) => deviceId).sort();
}

test('a listing pages through every device of every source once, under any filter', async () => {
  const all = Array.from({ length: 60 }, (_, index) =>
    aDevice(index % 3 === 0 ? 'list2' : 'list', `User ${index % 20}/Acme`, `Appl${index}`, {
      presence: index === 5 ? 'removed' : index === 6 ? 'missing' : 'present',
    }),
  );
  await put(all);
  const ids = (keep: (device: Device, index: number) => boolean) =>
    all
      .filter(keep)
      .map(({ deviceId }) => deviceId)
      .sort();
  expect(await listed({})).toEqual(ids(({ presence }) => presence !== 'removed'));
  expect(await listed({ source: 'list2' })).toEqual(
    ids(({ sourceId, presence }) => sourceId === 'list2' && presence !== 'removed'),
  );
  expect(await listed({ presence: 'removed' })).toEqual(['Appl5']);
  expect(await listed({ presence: 'missing' })).toEqual(['Appl6']);
  expect(await listed({ q: 'USER 7/' })).toEqual(ids(({ user }) => user === 'User 7/Acme'));
  expect(await listed({ q: 'appl59' })).toEqual(['Appl59']);
  expect(await listed({ verdict: 'hold' })).toEqual([]);
  expect(await listed({ user: 'User 1/Acme' })).toEqual(ids(({ user }) => user === 'User 1/Acme'));
});

const verdictOf = (verdict: VerdictName, decidedAt: number): Device['verdict'] => ({
  ...{ verdict, rule: 'over-allowance', evidence: 'e', wouldChange: '', settingsVersion: 1, inputsDigest: 'd', decidedAt },
});

test('devices with one verdict are found without reading the others, longest held first', async () => {
  const verdicts: VerdictName[] = ['approve', 'leave', 'hold', 'block', 'undetermined'];
  const all = Array.from({ length: 100 }, (_, index) => {
    const verdict = verdicts[index % 5] ?? 'approve';
    return aDevice('big', `User ${index % 20}/Acme`, `Big${index}`, {
      verdict: verdictOf(verdict, 1000),
      heldSince: verdict === 'hold' ? 5000 - index : null,
      presence: index === 2 ? 'removed' : 'present',
    });
  });
  await put(all);
  for (const verdict of verdicts) {
    const wanted = all.filter((one) => one.verdict?.verdict === verdict && one.presence !== 'removed');
    expect(await listed({ verdict }, ['big'])).toEqual(wanted.map(({ deviceId }) => deviceId).sort());
  }
  expect(await listed({ verdict: 'hold', q: 'big97' }, ['big'])).toEqual(['Big97']);
  const page = await devices().listDevices({ verdict: 'hold', limit: 3 }, ['big']);
  expect(page).toMatchObject({ devices: [{ deviceId: 'Big97' }, { deviceId: 'Big92' }, { deviceId: 'Big87' }], looked: 20 });
});

test('a page with few matches reads a bounded number of devices', async () => {
  const many = Array.from({ length: 3500 }, (_, index) => aDevice('wide', `User ${index}/Acme`, `Wide${index}`));
  await putAll(db.client, db.tables.devices, many.map(deviceItem));
  const page = await devices().listDevices({ presence: 'missing', limit: 25 }, ['wide']);
  expect(page).toMatchObject({ devices: [], cursor: expect.any(String) });
  expect(page.looked).toBeLessThan(3500);
  expect(await listed({ presence: 'missing' }, ['wide'])).toEqual([]);
  expect(await listed({ q: 'wide3499' }, ['wide'])).toEqual(['Wide3499']);
});

test('a cursor of another filter is rejected', async () => {
  const { cursor } = await devices().listDevices({ verdict: 'hold', limit: 3 }, ['big']);
  await expect(devices().listDevices({ limit: 3, cursor: cursor ?? '' }, ['big'])).rejects.toThrow(/cursor/);
});

test('all users of a source are found page by page', async () => {
  const users = new Set<string>();
  let cursor: string | null = null;
  do {
    const page = await devices().usersOfSource('list', cursor);
    for (const user of page.users) users.add(user);
    cursor = page.cursor;
  } while (cursor !== null);
  expect(users.size).toBe(20);
});

test("a gather's update is rejected after an action's read-back, and keeps others' fields", async () => {
  const before = aDevice('own', 'Jane Doe/Acme', 'ApplOWN', { detail: { ...detail, approval: 'pending' } });
  await put([before]);
  expect(await observed().moving('own')).toEqual(new Set([deviceHash(before)]));
  expect(await devices().recordShown(before, { approval: 'approved', access: 'allow', wipe: 'none', at: 5 })).toBe('recorded');
  expect(await observed().update(before, { ...before, level: 'new' }, [])).toBe(false);
  const now = await devices().getDevice(before);
  expect(now).toMatchObject({ level: 'l', detail: { approval: 'approved', wipeTypes: '1' }, observedAt: 5, observedSeq: 1 });
  expect(await observed().update(now ?? before, { ...(now ?? before), level: 'new' }, [])).toBe(true);
  expect(await devices().getDevice(before)).toMatchObject({ level: 'new', detail: { approval: 'approved' } });
  expect(await observed().moving('own')).toEqual(new Set());
});

test('an older read-back never overwrites a newer one', async () => {
  const device = aDevice('own', 'Jane Doe/Acme', 'ApplBACK', { observedAt: 100 });
  await put([device]);
  await devices().recordShown(device, { approval: 'denied', access: 'deny', wipe: 'none', at: 50 });
  expect(await devices().getDevice(device)).toEqual(device);
  await devices().recordShown(device, { approval: 'approved', access: 'allow', wipe: 'none', at: 150 });
  expect(await devices().getDevice(device)).toEqual({ ...device, observedAt: 150 });
  expect(await devices().recordShown({ ...device, deviceId: 'gone' }, { ...detail, at: 1 })).toBe('gone');
});

test('a device is found by its hash alone', async () => {
  const device = aDevice('own', 'Zoë/Ü|x', 'Appl|odd|id');
  await put([device]);
  const { sourceId, user, deviceId } = device;
  expect(await observed().locate('own', deviceHash(device))).toEqual({ sourceId, user, deviceId });
  expect(await observed().locate('own', '0'.repeat(16))).toBeNull();
});

test('a lease has one holder, a growing number, and a recorded end', async () => {
  const leases = leaseStore(db.client, db.tables.control);
  const options = { now: 1_000, lengthMs: 500 };
  const tried = await Promise.all([1, 2, 3, 4].map(() => leases.acquire('s', options)));
  expect(tried.filter((lease) => lease !== null)).toEqual([{ fence: 1, wasCutOff: false }]);
  expect(await leases.renew('s', 1, { now: 1_400, lengthMs: 500 })).toBe(true);
  expect(await leases.acquire('s', { now: 1_800, lengthMs: 500 })).toBeNull();
  expect(await leases.acquire('s', { now: 1_900, lengthMs: 500 })).toEqual({ fence: 2, wasCutOff: true });
  expect(await leases.renew('s', 1, { now: 1_950, lengthMs: 500 })).toBe(false);
  await leases.release('s', 2, { now: 2_000, clean: true });
  expect(await leases.acquire('s', { now: 2_000, lengthMs: 500 })).toEqual({ fence: 3, wasCutOff: false });
});

test('a manifest reads as committed, after resharding too, never from a fenced-off writer', async () => {
  const manifests = manifestStore(db.client, db.tables.control);
  const bytes = (text: string) => new Uint8Array(Buffer.from(text.padEnd(16)));
  const empty = await manifests.read('m');
  expect(empty).toEqual({ bits: 0, paused: null, shards: new Map() });
  await manifests.commit('m', { bits: 0, shards: new Map([[0, bytes('one')]]), paused: null }, { fence: 2, before: empty });
  const one = await manifests.read('m');
  const two = {
    bits: 1,
    shards: new Map([
      [0, bytes('a')],
      [1, bytes('b')],
    ]),
    paused: { runId: 'r', baseline: null },
  };
  await manifests.commit('m', two, { fence: 3, before: one });
  const read = await manifests.read('m');
  expect([
    read.bits,
    read.paused,
    Buffer.from(read.shards.get(1) ?? [])
      .toString()
      .trim(),
  ]).toEqual([1, two.paused, 'b']);
  await expect(manifests.commit('m', two, { fence: 2, before: read })).rejects.toThrow(FencedOff);
});

test('what DynamoDB leaves unprocessed is retried until it is done', async () => {
  const mock = mockClient(DynamoDBDocumentClient);
  const items = [1, 2, 3].map((pk) => ({ pk }));
  const requests = items.map((Item) => ({ PutRequest: { Item } }));
  mock
    .on(BatchWriteCommand)
    .resolvesOnce({ UnprocessedItems: { T: requests.slice(1) } })
    .resolves({});
  mock
    .on(BatchGetCommand)
    .resolvesOnce({ Responses: { T: items.slice(0, 1) }, UnprocessedKeys: { T: { Keys: items.slice(1) } } })
    .resolves({ Responses: { T: items.slice(1) } });
  await putAll(db.client, 'T', items);
  expect(await getAll(db.client, 'T', items)).toEqual(items);
  expect(mock.commandCalls(BatchWriteCommand).map(({ args }) => args[0].input.RequestItems?.T?.length)).toEqual([3, 2]);
  mock.restore();
});
