/** A server whose approval settings cannot be written: the extender itself holds new phones, and later allows them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';
import { enrolmentOf, userName } from './fleet.ts';
import { type ForeignTraveler, startForeignTraveler } from './foreign-traveler.ts';

const folder = temporaryFolder();
let server: ForeignTraveler;
let stack: Stack;

beforeAll(async () => {
  server = await startForeignTraveler({ withSettings: false });
  for (let index = 0; index < 20; index++) server.register(userName(index), `ApplOLD${index}`);
  stack = await startStack({
    config: {
      sources: [{ id: 'cloud', kind: 'smartcloud', url: server.url, credentials: server.credentials }],
      settings: { requireApproval: 'on', devicesPerUser: 0, autoApproveEnrolled: true },
    },
    dataDir: `${folder.path}/data`,
  });
  await eventually(async () => ((await stack.api('/status')).body.sources[0].aq.inForce ? true : null), {
    what: 'Auto-Quarantine in force',
  });
  const elsewhere = enrolmentOf('Somebody Else', { id: 'e0', mailDeviceIds: ['ApplELSEWHERE'] });
  await stack.putEvents([{ type: 'EnrolmentChanged', detail: { enrolment: elsewhere } }]);
  await stack.untilIdle();
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await server?.stop();
  folder.remove();
});

test('the status says that the server cannot be set, and the extender enforces', async () => {
  const [source] = (await stack.api('/status')).body.sources;
  expect(source.aq).toMatchObject({ enforcement: 'extender', inForce: true });
  expect(source.server).toMatchObject({ settingsAccess: 'unavailable', requiresApproval: 'unknown' });
});

test('the phones that were there before keep their access', async () => {
  const rows = await stack.devices();
  expect(rows.filter((row) => row.existing && row.rule === 'existing-device')).toHaveLength(20);
  expect(server.writes).toEqual([]);
});

test('a new phone is blocked on the server and shown as held, not blocked', async () => {
  server.register(userName(3), 'ApplNEW3');
  await stack.gather('cloud');
  await eventually(async () => (server.device(userName(3), 'ApplNEW3')?.approval_policy === 8 ? true : null), {
    what: 'The bar',
  });
  await stack.untilIdle();
  const [row] = (await stack.devices({ user: userName(3) })).filter(({ deviceId }) => deviceId === 'ApplNEW3');
  expect(row).toMatchObject({ verdict: 'hold', rule: 'over-allowance', approval: 'denied' });
});

test('another gather recognises our own block, and writes nothing', async () => {
  const before = server.writes.length;
  await stack.gather('cloud');
  await stack.untilIdle();
  const held = await stack.devices({ verdict: 'hold' });
  expect(held.map(({ deviceId }) => deviceId)).toEqual(['ApplNEW3']);
  expect(server.writes.slice(before)).toEqual([]);
});

test('its enrolment lifts the block', async () => {
  const enrolment = enrolmentOf(userName(3), { id: 'e3', mailDeviceIds: ['ApplNEW3'] });
  await stack.putEvents([{ type: 'EnrolmentChanged', detail: { enrolment } }]);
  await eventually(
    async () => {
      const device = server.device(userName(3), 'ApplNEW3');
      return device?.approval_policy === 2 && device.access_status === 0 ? true : null;
    },
    { what: 'The lifted bar' },
  );
});

test('what an administrator denied on the server is left alone', async () => {
  server.register(userName(4), 'ApplNEW4', { approval_policy: 8, access_status: 1 });
  const before = server.writes.length;
  await stack.gather('cloud');
  await stack.untilIdle();
  const [row] = (await stack.devices({ user: userName(4) })).filter(({ deviceId }) => deviceId === 'ApplNEW4');
  expect(row).toMatchObject({ verdict: 'leave', rule: 'denied-elsewhere' });
  expect(server.writes.slice(before)).toEqual([]);
});
