import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { aqOn, connected, enrolledAs, type FleetSide, idOf, source, startFleetSide } from './fleet-side.ts';

const fleetSize = 2000;
const setUpByHand = 120;
const byPolicy = { ...aqOn, autoApproveByPolicy: true };

let side: FleetSide;
beforeAll(async () => {
  side = await startFleetSide();
  await side.inForce();
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
const current = async () => (await side.requests.stores.settings.versions('*'))[0]?.version ?? 0;
async function publish(settings = byPolicy) {
  const publication = { settings, scope: '*', replaces: await current(), publishedBy: 'ann', at: side.clock.now };
  return side.requests.publishSettings.publish(publication);
}
async function stopped() {
  const answer = await publish();
  if (answer.outcome !== 'guarded') throw new Error(`not stopped: ${answer.outcome}`);
  return answer.guard;
}

test('publishing settings that would cut off 120 of 2,000 devices stops before the first of them', async () => {
  const [before, version] = [await side.shown(), await current()];
  const guard = await stopped();
  expect(guard.sources[source]).toEqual({ trips: true, affected: 120, devices: fleetSize, percent: 6 });
  expect(guard.devices.map(({ deviceId }) => deviceId).sort()).toEqual(byHand);
  await side.settle();
  expect(await side.queues.drain('gather')).toEqual([]);
  expect(await side.queues.drain('actions')).toEqual([]);
  expect([await side.shown(), await current()]).toEqual([before, version]);
  expect(await side.journalOf(source)).toContain('guard-tripped');
});

test('the same publication again finds the guard that waits for it', async () => {
  expect((await stopped()).guardId).toBe((await stopped()).guardId);
});

test('a rejected publication changes nothing, and one that was decided cannot be decided otherwise', async () => {
  const [before, version] = [await side.shown(), await current()];
  const { guardId } = await stopped();
  expect((await side.requests.decideGuard(guardId, { decision: 'reject', by: 'bob' }))?.guard).toMatchObject({
    state: 'rejected',
    decidedBy: 'bob',
  });
  await side.settle();
  expect([await side.shown(), await current()]).toEqual([before, version]);
  const late = await side.requests.decideGuard(guardId, { decision: 'confirm', by: 'ann' });
  expect(late).toMatchObject({ outcome: 'decided', guard: { state: 'rejected' } });
  expect(await current()).toBe(version);
  expect(await side.requests.decideGuard('none', { decision: 'confirm', by: 'ann' })).toBeNull();
});
