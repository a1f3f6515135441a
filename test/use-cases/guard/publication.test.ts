import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { aqOn, connected, enrolledAs, type FleetSide, idOf, source, startFleetSide } from './fleet-side.ts';

const fleetSize = 2000;
const setUpByHand = 120;
/** No device is allowed by number: what has access is left alone, and nothing else. */
const nobodyNew = { ...aqOn, devicesPerUser: 0 };
const byPolicy = { ...nobodyNew, autoApproveByPolicy: true };

let side: FleetSide;
beforeAll(async () => {
  side = await startFleetSide();
  await side.inForce(nobodyNew);
  await side.putDevices(Array.from({ length: fleetSize }, (_, index) => connected(index)));
  await side.requests.importEnrolments(
    Array.from({ length: 150 }, (_, index) => enrolledAs(index, index < setUpByHand ? 'manual' : 'pushed')),
    'test',
  );
  await side.queues.drain('evaluations');
  await side.decideEveryone();
});
afterAll(async () => {
  await side.stop();
});
beforeEach(() => {
  side.clock.now += 60_000;
});

const byHand = Array.from({ length: setUpByHand }, (_, index) => idOf(index));
const current = async () => (await side.requests.stores.settings.versions('*')).versions[0]?.version ?? 0;
async function publish(settings = byPolicy) {
  const publication = { settings, scope: '*', replaces: await current(), publishedBy: 'ann', at: side.clock.now };
  return side.requests.publishSettings.publish(publication);
}
async function stopped() {
  const answer = await publish();
  if (answer.outcome !== 'guarded') throw new Error(`not stopped: ${answer.outcome}`);
  return answer.guard;
}

test('settings that would block 120 of 2,000 devices stop before the first', async () => {
  const [before, version] = [await side.shown(), await current()];
  const guard = await stopped();
  expect(guard.sources[source]).toEqual({ trips: true, affected: 120, devices: fleetSize, percent: 6 });
  expect(guard.devices.map(({ deviceId }) => deviceId).sort()).toEqual(byHand);
  await side.runEvaluations();
  expect(await side.queues.drain('gather')).toEqual([]);
  expect(await side.queues.drain('actions')).toEqual([]);
  expect([await side.shown(), await current()]).toEqual([before, version]);
  expect(await side.journalOf(source)).toContain('guard-tripped');
});

test('the same publication again finds the guard that waits for it', async () => {
  expect((await stopped()).guardId).toBe((await stopped()).guardId);
});

test('a rejected publication changes nothing, and its decision is final', async () => {
  const [before, version] = [await side.shown(), await current()];
  const { guardId } = await stopped();
  expect((await side.requests.decideGuard(guardId, { decision: 'reject', by: 'bob' }))?.guard).toMatchObject({
    state: 'rejected',
    decidedBy: 'bob',
  });
  await side.runEvaluations();
  expect([await side.shown(), await current()]).toEqual([before, version]);
  const late = await side.requests.decideGuard(guardId, { decision: 'confirm', by: 'ann' });
  expect(late).toMatchObject({ outcome: 'decided', guard: { state: 'rejected' } });
  expect(await current()).toBe(version);
  expect(await side.requests.decideGuard('none', { decision: 'confirm', by: 'ann' })).toBeNull();
});

test('confirming applies exactly the plan; rolling back lifts exactly those blocks', async () => {
  const before = await side.shown();
  const planned = await side.plan({ sourceIds: [source], settings: byPolicy });
  expect(planned.changes.filter(({ action }) => action !== null).map(({ deviceId }) => deviceId)).toEqual(byHand);
  const { guardId } = await stopped();
  const decided = await side.requests.decideGuard(guardId, { decision: 'confirm', by: 'bob' });
  expect(decided?.guard).toMatchObject({ state: 'confirmed', outcome: 'The settings are published.' });
  await side.runEvaluations();
  const changed = (await side.shown()).filter((one, index) => one.verdict !== before[index]?.verdict || one.action !== null);
  expect(changed).toEqual(planned.changes.map(({ user, deviceId, to, action }) => ({ user, deviceId, ...to, action })));
  expect(await side.carryOut()).toEqual(byHand.map((id) => `block ${id}`));

  // A person blocks one of them too: from then on it is theirs.
  const [theirs] = (await side.devices()).filter(({ deviceId }) => deviceId === byHand[0]);
  if (!theirs) throw new Error('no device');
  await side.putDevice({ ...theirs, denial: { kind: 'block', actionId: 'of a person', at: side.clock.now } });
  const back = await side.plan({ sourceIds: [source], settings: nobodyNew });
  const lifted = back.changes.filter(({ action }) => action !== null);
  expect(lifted.map(({ deviceId, action, to }) => [deviceId, action, to.rule])).toEqual(
    byHand.slice(1).map((id) => [id, 'approve', 'already-admitted']),
  );
  expect((await publish(nobodyNew)).outcome).toBe('published');
  await side.runEvaluations();
  expect(await side.carryOut()).toEqual(byHand.slice(1).map((id) => `approve ${id}`));
  await side.runEvaluations();
  const access = (await side.devices()).filter(({ detail }) => detail?.access === 'allow');
  expect(access).toHaveLength(fleetSize - 1);
  expect(access.every(({ denial }) => denial === null)).toBe(true);
}, 240_000);
