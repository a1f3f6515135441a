import { afterEach, expect, test } from 'vitest';
import type { Device } from '#domain/devices/device';
import { hours, minutes, startWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

test('the first gather stores every device with its full record, and evaluates everyone', async () => {
  world = await startWorld();
  const { outcome, run } = await world.gather();
  expect(outcome).toBe('completed');
  expect(run).toMatchObject({ state: 'completed', baseline: true, problem: null, invocations: 1 });
  expect(run.counts).toMatchObject({ devices: 35, totalRecords: 35, details: 35, added: 35, changed: 0, missing: 0 });
  expect(run.units.write).toBeGreaterThan(35);
  const devices = await world.devices();
  expect(devices).toHaveLength(35);
  expect(devices.every((device) => device.detail?.approval === 'not-required' && device.baselineRun === run.runId)).toBe(true);
  expect(await world.state()).toMatchObject({ baselineRuns: [run.runId], devices: 35, evaluateEveryone: false, problem: null });
  expect(world.evaluations).toMatchObject([{ kind: 'everyone', sourceId: 'cloud', cause: `gather ${run.runId}` }]);
});

test('a second gather without changes reads only rotated details, and writes no device', async () => {
  world = await startWorld({ devices: 210 });
  await world.gather('first');
  const before = await world.devices();
  world.evaluations.length = 0;
  world.clock.now += 15 * minutes;
  const { run } = await world.gather('second');
  expect(run.counts).toMatchObject({ devices: 210, added: 0, changed: 0, users: 0 });
  expect(run.counts.details).toBeLessThan(12);
  expect(comparable(await world.devices())).toEqual(comparable(before));
  expect(world.evaluations).toEqual([]);
});

test('full records read again without changes are not written again', async () => {
  world = await startWorld({ devices: 70 });
  await world.gather('first');
  // The server's clock does not advance, so that no phone syncs, while two days pass for the gather.
  const later = { now: () => world.clock.now + 48 * hours };
  const refusing = { ...world.dependencies.devices, update: () => Promise.reject(new Error('an unchanged device was written')) };
  const { run } = await world.gather('second', { ...later, devices: refusing });
  expect(run).toMatchObject({ state: 'completed', counts: { details: 70, changed: 0 } });
});

test('within a day every full record is read again, without state per device', async () => {
  world = await startWorld({ devices: 70 });
  await world.gather('first');
  let details = 0;
  for (let quarter = 1; quarter <= 96; quarter += 8) {
    world.clock.now += 8 * 15 * minutes;
    details += (await world.gather(`later-${quarter}`)).run.counts.details;
  }
  expect(details).toBe(70);
});

test('a change on the server is stored, recorded in the timeline, and evaluated', async () => {
  world = await startWorld();
  await world.gather('first');
  world.evaluations.length = 0;
  const phone = world.simulator.deviceAt(4);
  world.simulator.adminChange(phone, { level: '99.1' });
  world.simulator.arrive(phone.user, { deviceId: 'ApplNEW1' });
  world.clock.now += 15 * minutes;
  const { run } = await world.gather('second');
  expect(run.counts).toMatchObject({ added: 1, changed: expect.any(Number), users: 1 });
  const devices = await world.devices();
  const stored = devices.find(({ deviceId, user }) => deviceId === phone.deviceId && user === phone.user);
  expect(stored?.level).toBe('99.1');
  expect((await world.timeline(stored ?? raise())).map(({ kind }) => kind)).toEqual(['discovered', 'changed']);
  expect(world.evaluations).toEqual([{ kind: 'users', sourceId: 'cloud', users: [phone.user], cause: expect.any(String) }]);
});

test('every gather reads pending devices, so that a foreign approval is seen next', async () => {
  world = await startWorld({ requireApproval: true, devicesBeforeApproval: 99 });
  await world.gather('first');
  world.simulator.settings = { ...world.simulator.settings, devices_before_approval: 0 };
  const phone = world.simulator.arrive(world.simulator.deviceAt(0).user, { deviceId: 'ApplWAITS' });
  world.clock.now += 15 * minutes;
  await world.gather('second');
  const approval = async () => (await world.devices()).find(({ deviceId }) => deviceId === 'ApplWAITS')?.detail?.approval;
  expect(await approval()).toBe('pending');
  world.simulator.adminApprove(phone);
  world.evaluations.length = 0;
  world.clock.now += 15 * minutes;
  await world.gather('third');
  expect(await approval()).toBe('approved');
  expect(world.evaluations.flatMap((message) => (message.kind === 'users' ? message.users : []))).toEqual([phone.user]);
});

test('an unlisted device is missing, later removed; returning it is a new registration', async () => {
  world = await startWorld();
  await world.gather('first');
  const phone = world.simulator.deviceAt(7);
  const stored = async () => (await world.devices()).find(({ deviceId }) => deviceId === phone.deviceId) ?? raise();
  const { firstSeen } = await stored();
  world.simulator.removeDevice(phone);
  world.clock.now += 15 * minutes;
  const missed = world.clock.now;
  expect((await world.gather('missed')).run.counts.missing).toBe(1);
  expect(await stored()).toMatchObject({ presence: 'missing', missingSince: missed });
  world.clock.now += 47 * hours;
  await world.gather('still missing');
  expect((await stored()).presence).toBe('missing');
  world.evaluations.length = 0;
  world.clock.now += 1 * hours;
  expect((await world.gather('removed')).run.counts.removed).toBe(1);
  expect(await stored()).toMatchObject({ presence: 'removed', missingSince: missed });
  expect(world.evaluations).toMatchObject([{ kind: 'users', users: [phone.user] }]);
  world.simulator.arrive(phone.user, { deviceId: phone.deviceId });
  world.clock.now += 15 * minutes;
  await world.gather('back');
  expect(await stored()).toMatchObject({ presence: 'present', missingSince: null, firstSeen, registeredAt: world.clock.now });
  expect((await world.timeline(await stored())).map(({ kind }) => kind)).toContain('returned');
});

test('a device that was missing for a while returns unchanged', async () => {
  world = await startWorld();
  await world.gather('first');
  const before = await world.devices();
  world.simulator.setFaults([{ kind: 'total-off', by: 1 }]);
  const phone = world.simulator.deviceAt(20);
  world.simulator.removeDevice(phone);
  world.clock.now += 15 * minutes;
  await world.gather('missed');
  world.simulator.arrive(phone.user, { deviceId: phone.deviceId });
  world.clock.now += 15 * minutes;
  await world.gather('back');
  const back = (await world.devices()).find(({ deviceId }) => deviceId === phone.deviceId);
  const was = before.find(({ deviceId }) => deviceId === phone.deviceId);
  expect(back).toMatchObject({ presence: 'present', registeredAt: was?.registeredAt, baselineRun: was?.baselineRun });
});

test.each([
  ['empty', [{ kind: 'empty-list' as const }], /no device at all/],
  ['truncated', [{ kind: 'truncated-list' as const, pages: 1 }], /announced 35 devices and listed 20/],
  ['off by more than rows shifting explain', [{ kind: 'total-off' as const, by: 9 }], /announced 44/],
])('a list that is %s fails the gather and changes nothing', async (_what, faults, said) => {
  world = await startWorld();
  await world.gather('first');
  const before = await world.devices();
  const { lastCompleteGatherAt } = await world.state();
  world.evaluations.length = 0;
  world.simulator.setFaults(faults);
  world.clock.now += 72 * hours;
  const { outcome, run } = await world.gather('second');
  expect(outcome).toBe('failed');
  expect(run).toMatchObject({ state: 'failed', problem: { what: expect.stringMatching(said) } });
  expect(comparable(await world.devices())).toEqual(comparable(before));
  expect(await world.state()).toMatchObject({
    problem: { what: expect.stringMatching(said) },
    lastCompleteGatherAt,
    devices: 35,
  });
  expect(world.evaluations).toEqual([]);
  world.simulator.setFaults([]);
  await world.gather('third');
  expect((await world.state()).problem).toBeNull();
});

test('an empty list of a new source is a source without devices', async () => {
  world = await startWorld({ devices: 0 });
  const { outcome, run } = await world.gather();
  expect(outcome).toBe('completed');
  expect(run.counts.devices).toBe(0);
});

test('a device listed twice while pages shift is one device', async () => {
  world = await startWorld({ faults: [{ kind: 'duplicate-rows', every: 3 }] });
  const { run } = await world.gather();
  expect(run).toMatchObject({ state: 'completed', counts: { devices: 35, added: 35 } });
});

test('a list that carries full records costs no detail request', async () => {
  world = await startWorld({ faults: [{ kind: 'details-in-list' }] });
  const { run } = await world.gather();
  expect(run.counts).toMatchObject({ devices: 35, details: 0, detailsWanted: 0 });
  expect((await world.devices()).every((device) => device.detail !== null)).toBe(true);
});

test('an unreadable record does not stop the gather, and is read once possible', async () => {
  world = await startWorld();
  await world.gather('first');
  const { user } = world.simulator.deviceAt(0);
  world.simulator.arrive(user, { deviceId: 'ApplBROKEN' });
  world.clock.now += 1;
  world.simulator.setFaults([{ kind: 'status', code: 500, on: 'detail' }]);
  expect((await world.gather('second')).run).toMatchObject({ state: 'completed', counts: { added: 1 } });
  const broken = async () => (await world.devices()).find(({ deviceId }) => deviceId === 'ApplBROKEN');
  expect((await broken())?.detail).toBeNull();
  world.simulator.setFaults([]);
  world.clock.now += 1;
  await world.gather('third');
  expect((await broken())?.detail?.approval).toBe('not-required');
});

test('a server that returns no record at all fails the gather', async () => {
  world = await startWorld();
  world.simulator.setFaults([{ kind: 'status', code: 500, on: 'detail' }]);
  expect((await world.gather('first')).outcome).toBe('failed');
  expect(await world.state()).toMatchObject({ baselineRuns: [], lastCompleteGatherAt: null });
});

test('a record addressed at another server is listed without detail; no password leaves', async () => {
  world = await startWorld({ faults: [{ kind: 'foreign-href', every: 7 }] });
  const { run } = await world.gather();
  expect(run).toMatchObject({ state: 'completed', counts: { devices: 35 } });
  expect((await world.devices()).filter(({ detail }) => detail === null)).toHaveLength(5);
});

test('a wrong password fails the run once, and pauses scheduled tries for an hour', async () => {
  world = await startWorld();
  const { password } = world.simulator.credentials;
  world.simulator.setPassword('another');
  const { outcome, run } = await world.gather();
  expect(outcome).toBe('failed');
  expect(run.problem?.kind).toBe('denied');
  expect(await world.state()).toMatchObject({ problem: { kind: 'denied' }, retryAt: world.clock.now + 1 * hours });
  expect(world.logged.filter(({ level }) => level === 'error')).toHaveLength(1);
  expect(JSON.stringify(world.logged)).not.toContain(password);
  expect(await world.devices()).toEqual([]);
});

test('a source whose relay is absent fails that run alone, with a remedy', async () => {
  world = await startWorld();
  const { gather } = await import('#functions/gather/gather');
  const message = { ...world.message('x'), sourceId: 'hq' };
  expect(await gather(world.dependencies)(message, { remainingMs: () => 900_000 })).toBe('failed');
  const run = await world.dependencies.runs.open(message);
  expect(run).toMatchObject({ state: 'failed', problem: { kind: 'transient', remedy: expect.stringContaining('relay doctor') } });
  expect(await world.dependencies.sources.read('hq')).toMatchObject({ problem: null });
});

/** Without what reading alone changes. */
const comparable = (devices: Device[]) => devices.map(({ lastSync, observedAt, ...rest }) => rest);

function raise(): never {
  throw new Error('the device is not stored');
}
