/** The main job, end to end, against a Traveler server that is not ours: the whole stack in separate processes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Row, type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';
import { enrolmentOf, registerFleet, userName } from './fleet.ts';
import { type ForeignTraveler, startForeignTraveler } from './foreign-traveler.ts';

const folder = temporaryFolder();
let server: ForeignTraveler;
let stack: Stack;
let fleet: number;

const config = () => ({
  sources: [{ id: 'cloud', kind: 'smartcloud', url: server.url, credentials: server.credentials }],
  settings: { requireApproval: 'on', devicesPerUser: 1, autoApproveEnrolled: true },
});
const find = (rows: Row[], user: string, deviceId: string) => rows.find((row) => row.user === user && row.deviceId === deviceId);
const inForce = () =>
  eventually(async () => ((await stack.api('/status')).body.sources[0].aq.inForce ? true : null), {
    what: 'Auto-Quarantine in force',
  });

beforeAll(async () => {
  server = await startForeignTraveler();
  fleet = registerFleet(server);
  server.register('Waiting Wanda/Acme', 'ApplWANDA', { approval_policy: 1, access_status: 1 });
  server.register('Barred Bert/Acme', 'ApplBERT', { approval_policy: 8, access_status: 1 });
  server.register('Secure Sue/Acme', 'mdmxxSUE', { approval_policy: 1, access_status: 1 });
  stack = await startStack({ config: config(), dataDir: `${folder.path}/data` });
  await inForce();
  await stack.untilIdle();
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await server?.stop();
  folder.remove();
});

test('switching on wrote the server’s settings once, after every device was recorded', () => {
  expect(server.settings).toMatchObject({ require_approval: true, devices_before_approval: 1 });
  expect(server.writes.filter((write) => write.method === 'PUT settings')).toHaveLength(1);
});

test('every device is listed with verdict, rule and evidence', async () => {
  const rows = await stack.devices();
  expect(rows).toHaveLength(fleet + 3);
  expect(rows.filter((row) => !row.verdict || !row.rule || !row.evidence)).toEqual([]);
});

test('devices from before Auto-Quarantine are existing and never written to', async () => {
  const rows = await stack.devices();
  const existing = rows.filter((row) => row.existing);
  expect(existing).toHaveLength(fleet);
  expect(new Set(existing.map((row) => `${row.verdict} ${row.rule}`))).toEqual(new Set(['leave existing-device']));
  expect(server.writes.filter((write) => write.deviceId.startsWith('ApplAAA'))).toEqual([]);
});

test('a device that waited or was denied before is not existing', async () => {
  const rows = await stack.devices();
  expect(find(rows, 'Waiting Wanda/Acme', 'ApplWANDA')).toMatchObject({
    existing: false,
    verdict: 'approve',
    rule: 'within-allowance',
  });
  expect(find(rows, 'Barred Bert/Acme', 'ApplBERT')).toMatchObject({
    existing: false,
    verdict: 'leave',
    rule: 'denied-elsewhere',
  });
  expect(find(rows, 'Secure Sue/Acme', 'mdmxxSUE')).toMatchObject({ verdict: 'approve', rule: 'secure-mail' });
  expect(server.device('Secure Sue/Acme', 'mdmxxSUE')).toMatchObject({ approval_policy: 2, access_status: 0 });
  expect(server.device('Barred Bert/Acme', 'ApplBERT')).toMatchObject({ approval_policy: 8, access_status: 1 });
});

test('without any portal enrolments, a second phone is undetermined: neither approved nor held', async () => {
  server.register(userName(6), 'ApplNEW6');
  await stack.gather('cloud');
  await stack.untilIdle();
  expect(find(await stack.devices(), userName(6), 'ApplNEW6')).toMatchObject({
    verdict: 'undetermined',
    rule: 'enrolment-unknown',
  });
  expect(server.device(userName(6), 'ApplNEW6')?.approval_policy).toBe(1);
});

test('a second phone is held, and a second gather writes nothing to the server', async () => {
  const elsewhere = enrolmentOf('Somebody Else', { id: 'e0', mailDeviceIds: ['ApplELSEWHERE'] });
  await stack.putEvents([{ type: 'EnrolmentChanged', detail: { enrolment: elsewhere } }]);
  await stack.untilIdle();
  server.register(userName(7), 'ApplNEW7');
  await stack.gather('cloud');
  await stack.untilIdle();
  const held = find(await stack.devices({ verdict: 'hold' }), userName(7), 'ApplNEW7');
  expect(held).toMatchObject({ verdict: 'hold', rule: 'over-allowance', approval: 'pending' });
  const before = server.writes.length;
  await stack.gather('cloud');
  await stack.untilIdle();
  expect(server.writes.slice(before)).toEqual([]);
});

test('an enrolment approves a held device without a gather, well under a second', async () => {
  server.register(userName(8), 'ApplNEW8');
  await stack.gather('cloud');
  await stack.untilIdle();
  expect(server.device(userName(8), 'ApplNEW8')?.approval_policy).toBe(1);
  const sent = Date.now();
  await stack.putEvents([
    { type: 'EnrolmentChanged', detail: { enrolment: enrolmentOf(userName(8), { id: 'e8', mailDeviceIds: ['applnew8'] }) } },
  ]);
  await eventually(async () => (server.device(userName(8), 'ApplNEW8')?.approval_policy === 2 ? true : null), {
    every: 5,
    what: 'The approval',
  });
  const took = Date.now() - sent;
  expect(took).toBeLessThan(process.env.CI ? 3000 : 1500);
  const shown = await eventually(
    async () => {
      const { body } = await stack.api(`/devices/cloud/${encodeURIComponent(userName(8))}/ApplNEW8`);
      return body.approval === 'approved' ? body : null;
    },
    { what: 'The approval in the list' },
  );
  expect(shown).toMatchObject({ verdict: 'approve', rule: 'enrolled-device', match: { kind: 'device' } });
  expect(shown.timeline.length).toBeGreaterThan(2);
});

test('an enrolment that arrives before its phone approves it when first seen', async () => {
  await stack.putEvents([
    { type: 'EnrolmentChanged', detail: { enrolment: enrolmentOf(userName(9), { id: 'e9', mailDeviceIds: ['ApplNEW9'] }) } },
  ]);
  await stack.untilIdle();
  server.register(userName(9), 'ApplNEW9');
  await stack.gather('cloud');
  await eventually(async () => (server.device(userName(9), 'ApplNEW9')?.approval_policy === 2 ? true : null), {
    what: 'The approval',
  });
});

test('a person’s block reaches the server and outranks an enrolment', async () => {
  const target = { sourceId: 'cloud', user: userName(9), deviceId: 'ApplNEW9' };
  const { status, body } = await stack.api('/actions', { method: 'POST', body: { type: 'block', target, reason: 'Lost' } });
  expect(status).toBe(202);
  await eventually(async () => ((await stack.api(`/actions/${body.actionId}`)).body.state === 'confirmed' ? true : null), {
    what: 'The confirmed block',
  });
  expect(server.device(userName(9), 'ApplNEW9')).toMatchObject({ approval_policy: 8, access_status: 1 });
  await stack.putEvents([
    {
      type: 'EnrolmentChanged',
      detail: { enrolment: enrolmentOf(userName(9), { id: 'e9', mailDeviceIds: ['ApplNEW9'], version: 2 }) },
    },
  ]);
  await stack.untilIdle();
  expect(server.device(userName(9), 'ApplNEW9')).toMatchObject({ approval_policy: 8, access_status: 1 });
  expect(find(await stack.devices({ user: userName(9) }), userName(9), 'ApplNEW9')).toMatchObject({
    verdict: 'block',
    rule: 'manual-decision',
  });
});

test('an approval requested by the portal is carried out once, however often redelivered', async () => {
  server.register(userName(10), 'ApplNEW10');
  await stack.gather('cloud');
  await stack.untilIdle();
  const detail = {
    actionId: 'portal-action-10',
    requestedAt: new Date().toISOString(),
    requestedBy: { kind: 'person', name: 'admin@acme.example' },
    type: 'approve',
    target: { sourceId: 'cloud', user: userName(10), deviceId: 'ApplNEW10' },
  };
  await stack.putEvents([
    { type: 'ActionRequested', detail },
    { type: 'ActionRequested', detail },
    { type: 'ActionRequested', detail },
  ]);
  await eventually(async () => ((await stack.api('/actions/portal-action-10')).body.state === 'confirmed' ? true : null), {
    what: 'The confirmed approval',
  });
  await stack.untilIdle();
  expect(server.writes.filter((write) => write.deviceId === 'ApplNEW10')).toHaveLength(1);
});

test('settings published over the bus change the verdicts they should', async () => {
  const { version, settings } = (await stack.api('/settings')).body;
  await stack.putEvents([
    {
      type: 'SettingsPublished',
      detail: {
        settings: { ...settings, devicesPerUser: 4 },
        version: version + 1,
        publishedBy: 'admin@acme.example',
        publishedAt: new Date().toISOString(),
      },
    },
  ]);
  await eventually(async () => (server.device(userName(7), 'ApplNEW7')?.approval_policy === 2 ? true : null), {
    what: 'The approval by the new allowance',
  });
  await eventually(async () => (server.settings.devices_before_approval === 4 ? true : null), {
    what: 'The allowance on the server',
  });
});

test('publishing over an outdated version is rejected, and no route works without a token', async () => {
  const { settings } = (await stack.api('/settings')).body;
  expect((await stack.api('/settings', { method: 'POST', body: { settings, replaces: 0 } })).status).toBe(409);
  for (const path of ['/status', '/devices', '/settings', '/enrolments', '/actions'])
    expect((await stack.api(path, { token: 'wrong' })).status, path).toBe(401);
});
