/** kill -9 of the whole stack, in mid-gather and in mid-action: after the restart the end is that of an undisturbed run. */
import { expect, type TestContext, test } from 'vitest';
import { eventually, type Row, type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';
import { enrolmentOf, userName } from './fleet.ts';
import { startForeignTraveler } from './foreign-traveler.ts';

const devices = 120;

async function world(detailMs: number, cleanUp: TestContext['onTestFinished']) {
  const server = await startForeignTraveler({ detailMs });
  cleanUp(() => server.stop());
  for (let index = 0; index < devices; index++) server.register(userName(index), `ApplOLD${index}`);
  const folder = temporaryFolder();
  cleanUp(folder.remove);
  const config = {
    sources: [{ id: 'cloud', kind: 'smartcloud', url: server.url, credentials: server.credentials, concurrency: 4 }],
    settings: { requireApproval: 'on', devicesPerUser: 0, autoApproveEnrolled: true },
  };
  async function start(): Promise<Stack> {
    const stack = await startStack({ config, dataDir: `${folder.path}/data` });
    cleanUp(() => stack.kill());
    return stack;
  }
  return { server, start };
}

const inForce = (stack: Stack) =>
  eventually(async () => ((await stack.api('/status')).body.sources[0].aq.inForce ? true : null), {
    within: 90_000,
    what: 'Auto-Quarantine in force',
  });
const summary = (rows: Row[]) =>
  rows
    .map(
      ({ user, deviceId, verdict, rule, existing, approval }) => `${user} ${deviceId} ${verdict} ${rule} ${existing} ${approval}`,
    )
    .sort();

// In parallel: most of the time the queue waits for a dead worker.
test.concurrent('killed while the first gather reads details: no early switch-on, the same end', async ({ onTestFinished }) => {
  const { server, start } = await world(60, onTestFinished);
  const first = await start();
  await eventually(async () => (server.requests > 40 ? true : null), { every: 5 });
  await first.kill();
  expect(server.settings.require_approval).toBe(false);
  const second = await start();
  await inForce(second);
  await second.untilIdle();
  expect(server.settings.require_approval).toBe(true);
  expect(server.writes.filter((write) => write.deviceId !== '')).toEqual([]);
  const rows = await second.devices();
  expect(rows).toHaveLength(devices);
  expect(summary(rows)).toEqual(
    summary(rows.map((row) => ({ ...row, verdict: 'leave', rule: 'existing-device', existing: true }))),
  );
}, 180_000);

test.concurrent('killed while approvals are carried out: each is carried out, none twice', async ({ onTestFinished }) => {
  const { server, start } = await world(0, onTestFinished);
  const first = await start();
  await inForce(first);
  const fresh = Array.from({ length: 60 }, (_, index) => ({ user: userName(index), deviceId: `ApplNEW${index}` }));
  for (const { user, deviceId } of fresh) server.register(user, deviceId);
  await first.gather('cloud');
  await first.untilIdle();
  await first.putEvents(
    fresh.map(({ user, deviceId }, index) => ({
      type: 'EnrolmentChanged',
      detail: { enrolment: enrolmentOf(user, { id: `e${index}`, mailDeviceIds: [deviceId] }) },
    })),
  );
  const approvals = () => server.writes.filter((write) => write.method === 'PUT');
  await eventually(async () => (approvals().length >= 5 ? true : null), { every: 2, what: 'The first approvals' });
  await first.kill();
  const second = await start();
  await eventually(
    async () => (fresh.every(({ user, deviceId }) => server.device(user, deviceId)?.approval_policy === 2) ? true : null),
    {
      within: 120_000,
      what: 'All approvals',
    },
  );
  await eventually(
    async () => {
      const rows = await second.devices({ verdict: 'approve' });
      return rows.filter((row) => row.approval === 'approved').length === fresh.length ? true : null;
    },
    { within: 60_000, what: 'Every approval in the list' },
  );
  const perDevice = Map.groupBy(approvals(), (write) => write.deviceId);
  expect([...perDevice].filter(([, writes]) => writes.length > 1)).toEqual([]);
  expect(perDevice.size).toBe(fresh.length);
}, 240_000);
