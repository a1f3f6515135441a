/** A user's partition on a real DynamoDB server: read as a whole, and written only if it has not changed since it was read. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { devicesForActions } from '#adapters/dynamodb/devices/action-devices';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { userStore, type VerdictWrite } from '#adapters/dynamodb/devices/users';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { linkSk, userPk } from '#adapters/dynamodb/keys';
import type { Device } from '#domain/devices/device';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import { aRequest, newDevice } from '#test/fixtures/spine';

let database: TestDatabase;
let store: ReturnType<typeof userStore>;
let count = 0;

beforeAll(async () => {
  database = await startDynamoDb();
  store = userStore(database.client, database.tables);
});
afterAll(() => database.stop());

async function aStored(deviation: Partial<Device> = {}): Promise<Device> {
  const seen = {
    provider: '',
    type: 'Apple-x',
    level: '',
    notification: '',
    lastSync: null,
    href: '/d/1',
    detail: null,
    baselineRun: null,
  };
  const device = { ...newDevice({ user: `User ${++count}/Acme`, deviceId: 'ApplX', ...seen, now: 1_000 }), ...deviation };
  await database.client.send(new PutCommand({ TableName: database.tables.devices, Item: deviceItem(device) }));
  return device;
}
function aWrite(before: Device, deviation: Partial<VerdictWrite> = {}): VerdictWrite {
  return {
    before,
    verdict: {
      verdict: 'hold',
      rule: 'over-allowance',
      evidence: 'e',
      wouldChange: 'w',
      settingsVersion: 1,
      decidedAt: 5,
      inputsDigest: 'd',
    },
    match: { kind: 'none', enrolmentIds: [], portalUsers: [], evidence: '' },
    heldSince: 5,
    entries: [{ at: 5, id: 'v', kind: 'verdict', says: 'held', data: {} }],
    action: null,
    openAction: null,
    ...deviation,
  };
}
const read = async ({ sourceId, user }: Device) => (await store.readUser({ sourceId, user })).devices[0];

test('a verdict, its journal line and its action are written together, once', async () => {
  const device = await aStored();
  const action = aRequest(device, { actionId: `v ${count}`, type: 'approve', requestedAt: 5 });
  const write = aWrite(device, { action, openAction: { actionId: action.actionId, type: 'approve', state: 'requested' } });
  expect(await store.recordVerdict(write)).toBe('written');
  expect(await store.recordVerdict(write)).toBe('overtaken');
  expect(await read(device)).toMatchObject({
    verdict: { verdict: 'hold' },
    heldSince: 5,
    openAction: { actionId: action.actionId },
  });
  expect(await timelineStore(database.client, database.tables.journal).read(device)).toHaveLength(1);
});

const changes: [string, Partial<Device>][] = [
  ['was read again', { observedSeq: 1 }],
  ['was registered again', { registeredAt: 2_000 }],
  ['went missing', { presence: 'missing' }],
  ['was barred by us', { denial: { kind: 'block', actionId: 'x', at: 1 } }],
  ['got another action', { openAction: { actionId: 'x', type: 'block', state: 'requested' } }],
  ['became existing', { baselineRun: 'run' }],
];
test.each(changes)('a verdict is not written on a device that meanwhile %s', async (_, change) => {
  const before = await aStored();
  await database.client.send(new PutCommand({ TableName: database.tables.devices, Item: deviceItem({ ...before, ...change }) }));
  expect(await store.recordVerdict(aWrite(before))).toBe('overtaken');
  expect(await read(before)).toEqual({ ...before, ...change });
});

test('an action already in the ledger is distinguished from a changed device', async () => {
  const [one, other] = [await aStored(), await aStored()];
  const action = aRequest(one, { actionId: `known ${count}`, type: 'approve', requestedAt: 5 });
  expect(await store.recordVerdict(aWrite(one, { action }))).toBe('written');
  expect(await store.recordVerdict(aWrite(other, { action }))).toBe('known');
  expect((await read(other))?.verdict).toBeNull();
});

test('one read returns the devices, decisions and links of one user only', async () => {
  const device = await aStored();
  const link = { kind: 'confirmed', portalUser: 'Jane@acme.example', by: 'ann', at: 1 };
  await database.client.send(
    new PutCommand({ TableName: database.tables.devices, Item: { pk: userPk(device), sk: linkSk(link.portalUser), ...link } }),
  );
  expect(await store.readUser(device)).toEqual({ withdrawals: [], devices: [device], decisions: [], links: [link] });
});

test('several users are read at once and returned in the requested order', async () => {
  const devices = [];
  for (let nth = 0; nth < 20; nth++) devices.push(await aStored());
  const keys = devices.map(({ sourceId, user }) => ({ sourceId, user })).reverse();
  const asked = [...keys, { sourceId: 'cloud', user: 'Nobody/Acme' }];
  const records = await store.readUsers(asked);
  expect(records.map((record) => record.devices[0])).toEqual([...devices.reverse(), undefined]);
  expect(await store.readUsers([])).toEqual([]);
});

test('users with the same common name are counted per source, each once', async () => {
  await aStored({ user: 'Same Name/Sales/Acme' });
  await aStored({ user: 'Same Name/Sales/Acme', deviceId: 'ApplSECOND' });
  await aStored({ user: 'CN=same name/O=Other' });
  await aStored({ user: 'Same Name/Elsewhere', sourceId: 'hq' });
  expect((await store.travelerUsersNamed('cloud', 'same name')).sort()).toEqual(['CN=same name/O=Other', 'Same Name/Sales/Acme']);
});

test("an action's result reaches its device once, never a later registration", async () => {
  const acted = devicesForActions(database.client, database.tables.devices);
  const open = { actionId: 'a', type: 'approve', state: 'requested' };
  const device = await aStored({ openAction: open });
  const shown = { approval: 'approved', access: 'allow', wipe: 'none', at: 2_000 } as const;
  const outcome = { endedId: 'a', next: null, shown, denial: undefined };
  await acted.applyOutcome(device, outcome);
  await acted.applyOutcome(device, outcome);
  expect(await acted.read(device)).toMatchObject({ observedSeq: 1, openAction: null, detail: { approval: 'approved' } });
  const again = await aStored({ openAction: open, registeredAt: 9_000 });
  await acted.applyOutcome({ ...again, registeredAt: 1_000 }, outcome);
  expect(await acted.read(again)).toEqual(again);
});
