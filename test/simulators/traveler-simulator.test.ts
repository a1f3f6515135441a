import { expect, onTestFinished, test } from 'vitest';
import { enrolment } from '#domain/enrolment/enrolment';
import { enrolmentFor } from '#infra/simulators/enrolments';
import { type SimulatorOptions, startTravelerSimulator } from '#infra/simulators/traveler-simulator';

async function simulator(options: SimulatorOptions = {}) {
  const server = await startTravelerSimulator(options);
  onTestFinished(() => server.stop());
  const { user, password } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const get = (path: string, init: RequestInit = {}) => fetch(`${server.url}${path}`, { ...init, headers: { authorization } });
  return { server, get };
}

test('the same seed gives the same devices, another seed gives others', async () => {
  const now = () => 1_760_000_000_000;
  const texts = await Promise.all(
    [7, 7, 8].map(async (seed) => (await (await simulator({ seed, now })).get('/api/traveler/devices?pm=1')).text()),
  );
  expect(texts[0]).toBe(texts[1]);
  expect(texts[0]).not.toBe(texts[2]);
});

test('the wire format is as observed: text numbers, escaped slashes, no last next', async () => {
  const { get } = await simulator({ devices: 25 });
  const first = await (await get('/api/traveler/devices?pm=1')).text();
  expect(first).toContain('"totalRecords":"25"');
  expect(first).toContain('"next":"\\/api\\/traveler\\/devices?page=2&pm=1"');
  expect(first).toMatch(/"last_sync_time":"\d+"/);
  const last = JSON.parse(await (await get('/api/traveler/devices?page=2&pm=1')).text());
  expect(last).not.toHaveProperty('next');
  expect(last.data).toHaveLength(5);
});

test('a million devices cost nothing until read, and the last page is quick', async () => {
  const { get } = await simulator({ devices: 1_000_000 });
  const page = JSON.parse(await (await get('/api/traveler/devices?page=500&pm=100')).text());
  expect(page.data).toHaveLength(2_000);
  const record = JSON.parse(await (await get(page.data[1_999].href)).text());
  expect(record.data.deviceid).toBe(page.data[1_999].deviceid);
});

test('a hundred thousand devices have unique names, one to four per user', async () => {
  const { server } = await simulator({ devices: 100_000 });
  const perUser = new Map<string, Set<string>>();
  for (let index = 0; index < 100_000; index++) {
    const { user, deviceId } = server.deviceAt(index);
    perUser.set(user, (perUser.get(user) ?? new Set()).add(deviceId));
  }
  const sizes = [...perUser.values()].map((devices) => devices.size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100_000);
  expect(new Set(sizes)).toEqual(new Set([1, 2, 4]));
});

test('700 devices belong to 300 users', async () => {
  const { server } = await simulator();
  expect(new Set(Array.from({ length: 700 }, (_, index) => server.deviceAt(index).user)).size).toBe(300);
});

test('with approval required and two free devices, the third phone of a user waits', async () => {
  const { server } = await simulator({ devices: 0, requireApproval: true, devicesBeforeApproval: 2 });
  const approvals = [1, 2, 3].map(() => server.arrive('Jane Doe/Acme').approval);
  expect(approvals).toEqual([4, 4, 1]);
});

test('with approval off, a new phone needs none', async () => {
  const { server } = await simulator({ devices: 0 });
  expect(server.arrive('Jane Doe/Acme', { kind: 'secure-mail' })).toMatchObject({ approval: 16, access: 0, kind: 'secure-mail' });
});

test('a removed device leaves the list, and the others keep their addresses', async () => {
  const { server, get } = await simulator({ devices: 50 });
  const before = server.deviceAt(20);
  server.removeDevice(server.deviceAt(3));
  expect(server.deviceCount).toBe(49);
  const ids = JSON.parse(await (await get('/api/traveler/devices?pm=100')).text()).data.map(
    (row: { deviceid: string }) => row.deviceid,
  );
  expect(ids).toHaveLength(49);
  expect(ids).not.toContain(server.deviceAt(3).deviceId);
  expect((await get(before.href)).status).toBe(200);
});

test('server facts, push status and the status line answer as Traveler does', async () => {
  const { server, get } = await simulator({ devices: 30 });
  expect(await (await fetch(`${server.url}/traveler?action=getStatus`)).text()).toBe('Traveler server is available.');
  expect(JSON.parse(await (await get('/api/traveler/servers')).text()).data[0]).toMatchObject({
    server_status: '1',
    port: '50125',
  });
  const push = JSON.parse(await (await get('/api/traveler/pushstatus?page=2&pm=1')).text());
  expect(push.data).toHaveLength(10);
  expect(push.data[0]).toMatchObject({ push_enabled: 'true', username: server.deviceAt(20).user });
  expect((await fetch(`${server.url}/api/traveler/devices`)).status).toBe(401);
});

test('everything can be controlled from outside', async () => {
  const { server, get } = await simulator({ devices: 10 });
  const send = async (method: string, path: string, body: unknown) =>
    (await fetch(`${server.url}/simulator${path}`, { method, body: JSON.stringify(body) })).json();
  expect(await send('PUT', '/faults', [{ kind: 'status', code: 449, times: 1 }])).toMatchObject([
    { kind: 'status', code: 449, on: 'any' },
  ]);
  expect((await get('/api/traveler/devices')).status).toBe(449);
  expect((await get('/api/traveler/devices')).status).toBe(200);
  const arrived = await send('POST', '/arrivals', { user: 'Jane Doe/Acme', kind: 'verse-ios' });
  expect(server.find('Jane Doe/Acme', arrived.deviceId)).toMatchObject({ kind: 'verse-ios' });
  await send('POST', '/changes', { user: 'Jane Doe/Acme', deviceId: arrived.deviceId, approval: 1 });
  expect(server.find('Jane Doe/Acme', arrived.deviceId)).toMatchObject({ approval: 1 });
  await send('PUT', '/settings', { require_approval: true });
  expect(server.settings.require_approval).toBe(true);
  await get(arrived.href, { method: 'PUT', body: '{"approval_policy":2}' });
  const { effects } = await (await fetch(`${server.url}/simulator/effects`)).json();
  expect(effects).toMatchObject([
    { method: 'PUT', device: { user: 'Jane Doe/Acme' }, body: { approval_policy: 2 }, applied: true },
  ]);
  await send('POST', '/removals', { user: 'Jane Doe/Acme', deviceId: arrived.deviceId });
  expect(server.deviceCount).toBe(10);
  expect(await send('POST', '/removals', { user: 'Nobody', deviceId: 'x' })).toMatchObject({
    error: 'No device x of Nobody is present',
  });
  expect(await send('PUT', '/faults', [{ kind: 'no such fault' }])).toHaveProperty('error');
});

test('phones turn up by themselves on request', async () => {
  const { server } = await simulator({ devices: 10, arrivalsPerMinute: 6_000 });
  await expect.poll(() => server.deviceCount).toBeGreaterThan(12);
});

test('stopping ends hanging requests', async () => {
  const server = await startTravelerSimulator({ faults: [{ kind: 'hang' }] });
  const asked = fetch(`${server.url}/api/traveler/devices`).catch(() => 'cut');
  await expect.poll(() => server.counts.requests.list).toBe(1);
  await server.stop();
  expect(await asked).toBe('cut');
});

test('an enrolment for any simulated device is valid and names the device', async () => {
  const { server } = await simulator({ faults: [{ kind: 'odd-names', every: 5 }] });
  for (let index = 0; index < 700; index++) {
    const device = server.deviceAt(index);
    const made = enrolment.parse(enrolmentFor(device, { at: 1_760_000_000_000 }));
    expect([...made.mailDeviceIds, ...(made.secureMailDeviceIds ?? [])]).toEqual([device.deviceId]);
    expect(made.user.email).toMatch(/^[a-z0-9][a-z0-9.]*@acme\.example$/);
  }
});

test('a page read before shows later changes: clients, removals, names, times', async () => {
  let now = 1_760_000_000_000;
  const { server, get } = await simulator({ devices: 20, now: () => now });
  const rows = async () => JSON.parse(await (await get('/api/traveler/devices?pm=1')).text()).data;
  const before = await rows();
  expect(await rows()).toEqual(before);
  server.upgradeSome(2);
  now += 3_600_000;
  const after = await rows();
  expect(after.map((row: { device_level: string }) => row.device_level.startsWith('upgraded')).filter(Boolean)).toHaveLength(2);
  expect(after.some((row: { last_sync_time: string }, at: number) => row.last_sync_time !== before[at].last_sync_time)).toBe(
    true,
  );
  server.setFaults([{ kind: 'odd-names', every: 1 }]);
  expect((await rows()).every((row: { deviceid: string }, at: number) => row.deviceid !== before[at].deviceid)).toBe(true);
});
