import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EnrolmentStore, enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { deviceIdKey, deviceSk, userPk } from '#adapters/dynamodb/keys';
import { commonName } from '#domain/devices/names';
import type { Enrolment } from '#domain/enrolment/enrolment';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let database: TestDatabase;
let store: EnrolmentStore;
beforeEach(async () => {
  database = await startDynamoDb();
  store = enrolmentStore(database.client, database.tables, 24);
});
afterEach(() => database.stop());

const janesPhone: Enrolment = {
  id: 'E1',
  user: { email: 'Jane@acme.com', name: 'Jane Doe' },
  platform: 'iOS',
  status: 'enrolled',
  serial: 'F17XYZ',
  mailDeviceIds: ['ABC123'],
  mailConfiguration: 'pushed',
  changedAt: 1000,
  version: 1,
};
async function deviceOf(user: string, deviceId: string, sourceId = 'cloud') {
  const index = { idKey: deviceIdKey(deviceId), nameKey: commonName(user).toLowerCase() };
  const Item = { pk: userPk({ sourceId, user }), sk: deviceSk(deviceId), ...index };
  await database.client.send(new PutCommand({ TableName: database.tables.devices, Item }));
}
const found = async (question: Partial<Parameters<EnrolmentStore['candidates']>[0]>) => {
  const { enrolments } = await store.candidates({ user: 'Nobody/Acme', deviceIds: [], links: [], ...question });
  return enrolments.map(({ id, version }) => `${id} v${version}`).sort();
};
const usersOf = (users: { sourceId: string; user: string }[]) => users.map(({ sourceId, user }) => `${sourceId}: ${user}`).sort();

test('an enrolment is found by mail id, serial, any name, and link', async () => {
  await store.put({ ...janesPhone, user: { ...janesPhone.user, travelerUser: 'CN=Jane Doe/OU=Sales/O=Acme' } });
  expect(await found({ deviceIds: ['abc123'] })).toEqual(['E1 v1']);
  expect(await found({ deviceIds: ['applF17xyz'] })).toEqual(['E1 v1']);
  expect(await found({ user: 'jane doe/sales/acme' })).toEqual(['E1 v1']);
  expect(await found({ user: 'Jane Doe/Elsewhere' })).toEqual(['E1 v1']);
  expect(await found({ links: [{ kind: 'confirmed', portalUser: 'JANE@acme.com' }] })).toEqual(['E1 v1']);
  expect(await found({ links: [{ kind: 'undone', portalUser: 'jane@acme.com' }] })).toEqual([]);
  expect(await found({ deviceIds: ['OTHER'], user: 'John Roe/Acme' })).toEqual([]);
});

test('one enrolment of a portal user leads to all of them', async () => {
  await store.put(janesPhone);
  await store.put({ ...janesPhone, id: 'E2', mailDeviceIds: ['DEF456'], serial: 'G2' });
  expect(await found({ deviceIds: ['DEF456'] })).toEqual(['E1 v1', 'E2 v1']);
});

test('all portal users with the same display name are returned', async () => {
  await store.put(janesPhone);
  await store.put({ ...janesPhone, id: 'E2', user: { email: 'jane.doe@other.com', name: 'JANE DOE' } });
  const { sameNamePortalUsers } = await store.candidates({ user: 'Jane Doe/Acme', deviceIds: [], links: [] });
  expect(sameNamePortalUsers.sort()).toEqual(['jane.doe@other.com', 'jane@acme.com']);
});

test('an older version is ignored, and the same version changes nothing', async () => {
  expect(await store.put({ ...janesPhone, version: 5 })).toEqual({ outcome: 'stored', formers: [] });
  expect(await store.put({ ...janesPhone, version: 4, mailDeviceIds: ['OLD'] })).toEqual({ outcome: 'older', formers: [] });
  expect(await store.put({ ...janesPhone, version: 5, mailDeviceIds: ['LIE'] })).toEqual({ outcome: 'same', formers: [] });
  expect(await found({ deviceIds: ['OLD', 'LIE'] })).toEqual([]);
  expect((await store.read('E1'))?.version).toBe(5);
});

test('of concurrent versions the newest wins with only its pointers, in any order', async () => {
  const versions = [3, 1, 5, 2, 4].map((version) => ({ ...janesPhone, version, mailDeviceIds: [`ID${version}`] }));
  await Promise.all(versions.map(store.put));
  expect(await found({ deviceIds: ['ID5'] })).toEqual(['E1 v5']);
  expect(await found({ deviceIds: ['ID1', 'ID2', 'ID3', 'ID4'] })).toEqual([]);
});

test('an enrolment that moves to another portal user leaves nothing with the former', async () => {
  await store.put(janesPhone);
  await store.put({ ...janesPhone, version: 2, user: { email: 'john@acme.com', name: 'John Roe' } });
  expect(await found({ links: [{ kind: 'confirmed', portalUser: 'jane@acme.com' }] })).toEqual([]);
  expect(await found({ user: 'Jane Doe/Acme' })).toEqual([]);
  expect(await found({ deviceIds: ['ABC123'] })).toEqual(['E1 v2']);
  const { Items = [] } = await database.client.send(new ScanCommand({ TableName: database.tables.enrolments }));
  expect(Items.map(({ pk }) => pk).sort()).toEqual([
    'id|E1',
    'mail|abc123',
    'mail|applf17xyz',
    'name|john roe',
    'user|john@acme.com',
  ]);
});

test('a change affects former and new owners and name users, everywhere', async () => {
  await deviceOf('Jane Doe/Acme', 'ZZZ');
  await deviceOf('Somebody Else/Acme', 'abc123');
  await deviceOf('Old Owner/Acme', 'OLD1', 'hq');
  await deviceOf('Other Phone/Acme', 'DEF456');
  await deviceOf('Not Concerned/Acme', 'NNN');
  await store.put({ ...janesPhone, id: 'E2', serial: 'S2', mailDeviceIds: ['DEF456'] });
  await store.put({ ...janesPhone, mailDeviceIds: ['OLD1'] });
  const changed = { ...janesPhone, version: 2 };
  const { formers } = await store.put(changed);
  expect(usersOf(await store.affectedUsers(changed, formers))).toEqual([
    'cloud: Jane Doe/Acme',
    'cloud: Other Phone/Acme',
    'cloud: Somebody Else/Acme',
    'hq: Old Owner/Acme',
  ]);
});

test('a Traveler name affects exactly the user of that name, in any spelling', async () => {
  await deviceOf('Jane Doe/Sales/Acme', 'A');
  await deviceOf('Jane Doe/Legal/Acme', 'B');
  const enrolment = { ...janesPhone, user: { email: 'j@acme.com', travelerUser: 'CN=jane doe/OU=sales/O=acme' } };
  await store.put(enrolment);
  expect(usersOf(await store.affectedUsers(enrolment))).toEqual(['cloud: Jane Doe/Sales/Acme']);
});

test('former enrolment data is kept until announced, even across a crash', async () => {
  const first = { ...janesPhone, mailDeviceIds: ['ONE'] };
  const second = { ...janesPhone, version: 2, mailDeviceIds: ['TWO'] };
  const third = { ...janesPhone, version: 3, mailDeviceIds: ['THREE'] };
  await store.put(first);
  await store.put(second);
  expect((await store.put(second)).formers).toEqual([first]);
  expect((await store.put(third)).formers).toEqual([first, second]);
  await store.announced(second);
  expect((await store.put(third)).formers).toEqual([first, second]);
  await store.announced(third);
  expect(await store.put(third)).toEqual({ outcome: 'same', formers: [] });
});

test('an enrolment missing from a snapshot can return with the same version', async () => {
  await store.put(janesPhone);
  await store.withdraw('E1', 'not in the snapshot');
  expect((await store.read('E1'))?.status).toBe('not in the snapshot');
  expect(await found({ deviceIds: ['ABC123'] })).toEqual(['E1 v1']);
  expect((await store.put(janesPhone)).outcome).toBe('stored');
  expect((await store.read('E1'))?.status).toBe('enrolled');
});

const hour = 3_600_000;
const minute = 60_000;

test('the feed is never, then fresh once the guard has looked, then stale; each turn is owed until announced', async () => {
  expect(await store.feed(0)).toBe('never');
  expect(await store.noteEvent(0)).toEqual({ outcome: 'owed', turnedAt: 0 });
  expect(await store.feed(1)).toBe('never');
  await store.noteCleared(1);
  expect(await store.feed(24 * hour)).toBe('fresh');
  expect(await store.feed(24 * hour + 1)).toBe('stale');
  expect(await anotherProcess().noteEvent(2 * minute)).toEqual({ outcome: 'owed', turnedAt: 0 });
  await store.noteAnnounced();
  expect(await store.noteEvent(2 * minute + 1)).toEqual({ outcome: 'noted' });
  expect(await store.noteEvent(30 * hour)).toEqual({ outcome: 'owed', turnedAt: 30 * hour });
  expect(await store.feed(30 * hour)).toBe('stale');
});

test('of many workers with the first events after a silence, one evaluates everyone', async () => {
  const workers = Array.from({ length: 20 }, anotherProcess);
  const first = await Promise.all(workers.map((worker) => worker.noteEvent(0)));
  expect(first.filter(({ outcome }) => outcome === 'owed')).toHaveLength(1);
  const second = await Promise.all(workers.map((worker) => worker.noteEvent(10)));
  expect(second.filter(({ outcome }) => outcome === 'owed')).toEqual([]);
});

test('the turn of a worker that died passes to one other worker', async () => {
  expect(await store.noteEvent(0)).toEqual({ outcome: 'owed', turnedAt: 0 });
  const later = await Promise.all(Array.from({ length: 20 }, () => anotherProcess().noteEvent(2 * minute)));
  expect(later.filter(({ outcome }) => outcome === 'owed')).toEqual([{ outcome: 'owed', turnedAt: 0 }]);
});

test('one line of the journal says when a turn was cleared, however often that is repeated', async () => {
  await store.noteEvent(0);
  await Promise.all([store.noteCleared(5), anotherProcess().noteCleared(6), store.noteCleared(7)]);
  await store.noteCleared(8);
  const lines = await timelineStore(database.client, database.tables.journal).readSource('*');
  const fresh = lines.filter(({ kind, data, at }) => kind === 'feed' && data.state === 'fresh' && at < 10);
  expect(fresh).toHaveLength(1);
});

const anotherProcess = () => enrolmentStore(database.client, database.tables, 24);

test('a listing returns every enrolment once, page by page', async () => {
  const ids = Array.from({ length: 7 }, (_, index) => `E${index}`);
  await Promise.all(ids.map((id) => store.put({ ...janesPhone, id })));
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await store.list(cursor, 3);
    expect(page.enrolments.length).toBeLessThanOrEqual(3);
    seen.push(...page.enrolments.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor);
  expect(seen.sort()).toEqual(ids);
  await expect(store.list('rubbish')).rejects.toThrow('cursor');
});
