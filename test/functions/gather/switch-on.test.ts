import { afterEach, expect, test } from 'vitest';
import { minutes, startWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

const settingsWrites = () => world.simulator.effects.filter(({ device }) => device === null).map(({ body }) => body);

test('switching on records present devices, sets the server, confirms it, and evaluates everyone', async () => {
  world = await startWorld({ settings: { requireApproval: 'on', devicesPerUser: 2 } });
  const { run } = await world.gather();
  expect(settingsWrites()).toMatchObject([{ require_approval: true, devices_before_approval: 2 }]);
  expect(world.simulator.settings.approval_notify).toEqual(['traveler-admins@acme.example']);
  expect(await world.state()).toMatchObject({
    baselineRuns: [run.runId],
    aqInForce: true,
    server: { requiresApproval: true, devicesBeforeApproval: 2 },
  });
  expect((await world.devices()).every(({ baselineRun }) => baselineRun === run.runId)).toBe(true);
  expect(world.evaluations).toMatchObject([{ kind: 'everyone' }]);
});

test('a device waiting or denied at the switch-on is not existing', async () => {
  world = await startWorld({ settings: { requireApproval: 'on' }, requireApproval: true, devicesBeforeApproval: 1 });
  world.simulator.adminDeny(world.simulator.deviceAt(0));
  await world.gather();
  for (const { detail, baselineRun } of await world.devices())
    expect(baselineRun !== null).toBe(detail?.approval === 'auto-approved');
});

test('a server that already has the wanted settings is never written to', async () => {
  world = await startWorld({ settings: { requireApproval: 'on' }, requireApproval: true });
  await world.gather('first');
  world.clock.now += 15 * minutes;
  await world.gather('second');
  expect(settingsWrites()).toEqual([]);
  expect((await world.state()).aqInForce).toBe(true);
});

test('switched on later, every full record is read again, into one baseline', async () => {
  world = await startWorld();
  const first = await world.gather('first');
  world.clock.now += 15 * minutes;
  await world.gather('between');
  await world.publish({ requireApproval: 'on' });
  world.clock.now += 15 * minutes;
  const second = await world.gather('switching on');
  expect(second.run).toMatchObject({ baseline: true, counts: { details: 35 } });
  expect((await world.state()).baselineRuns).toEqual([first.run.runId, second.run.runId]);
  expect((await world.devices()).every(({ baselineRun }) => baselineRun === first.run.runId)).toBe(true);
});

test('an incomplete gather never switches on', async () => {
  world = await startWorld({ settings: { requireApproval: 'on' }, faults: [{ kind: 'truncated-list', pages: 1 }] });
  expect((await world.gather('first')).outcome).toBe('failed');
  expect(await world.state()).toMatchObject({ baselineRuns: [], aqInForce: false });
  expect(settingsWrites()).toEqual([]);
  world.simulator.setFaults([]);
  world.clock.now += 15 * minutes;
  await world.gather('second');
  expect(await world.state()).toMatchObject({ aqInForce: true });
});

test('a server that ignores the setting is retried without rereading everything', async () => {
  world = await startWorld({ settings: { requireApproval: 'on' }, faults: [{ kind: 'ignored-writes' }] });
  const first = await world.gather('first');
  expect(first.run.problem?.what).toMatch(/does not show them/);
  expect(await world.state()).toMatchObject({ aqInForce: false, baselineRuns: [first.run.runId] });
  world.simulator.setFaults([]);
  world.clock.now += 15 * minutes;
  const second = await world.gather('second');
  expect(second.run.counts.details).toBeLessThan(10);
  expect(await world.state()).toMatchObject({ aqInForce: true, baselineRuns: [first.run.runId], problem: null });
});

test('without server approval settings, the extender enforces, after the same first phase', async () => {
  world = await startWorld({ settings: { requireApproval: 'on' }, faults: [{ kind: 'no-settings' }] });
  const { run } = await world.gather();
  expect(run.state).toBe('completed');
  expect(await world.state()).toMatchObject({ aqInForce: true, server: { settingsAccess: 'unavailable' } });
});

test('a server older than 9.0 is read and never switched on', async () => {
  world = await startWorld({ settings: { requireApproval: 'on' }, build: '8.5.3.200' });
  await world.gather('first');
  world.clock.now += 15 * minutes;
  const second = await world.gather('second');
  expect(second.run).toMatchObject({ state: 'completed', baseline: false });
  expect(await world.state()).toMatchObject({ aqInForce: false, server: { aqSupport: 'unsupported' } });
  expect(settingsWrites()).toEqual([]);
});

test('switching off sets the server, once', async () => {
  world = await startWorld({ settings: { requireApproval: 'off' }, requireApproval: true, devicesBeforeApproval: 3 });
  await world.gather('first');
  world.clock.now += 15 * minutes;
  await world.gather('second');
  expect(settingsWrites()).toMatchObject([{ require_approval: false }]);
  expect((await world.state()).aqInForce).toBe(false);
});

test('with "server" no setting is written, and AQ follows the server', async () => {
  world = await startWorld({ requireApproval: true, devicesBeforeApproval: 1 });
  await world.gather('first');
  expect((await world.state()).aqInForce).toBe(true);
  world.simulator.settings = { ...world.simulator.settings, require_approval: false };
  world.evaluations.length = 0;
  world.clock.now += 15 * minutes;
  await world.gather('second');
  expect((await world.state()).aqInForce).toBe(false);
  expect(world.evaluations).toContainEqual(expect.objectContaining({ kind: 'everyone' }));
  expect(world.simulator.effects).toEqual([]);
});

test('a record unreadable during the baseline is decided as soon as it is readable', async () => {
  world = await startWorld({ settings: { requireApproval: 'on' }, faults: [{ kind: 'foreign-href', every: 7 }] });
  const { run } = await world.gather('first');
  expect(run).toMatchObject({ state: 'completed', baseline: true });
  const unread = (await world.devices()).filter(({ detail }) => detail === null);
  expect(unread.length).toBeGreaterThan(0);
  expect(unread.every(({ baselineRun, baselineOwed }) => baselineRun === null && baselineOwed === run.runId)).toBe(true);

  world.simulator.setFaults([]);
  world.clock.now += 15 * minutes;
  await world.gather('second');
  const decided = await world.devices();
  expect(decided.every(({ baselineRun, baselineOwed }) => baselineRun === run.runId && !baselineOwed)).toBe(true);
});
