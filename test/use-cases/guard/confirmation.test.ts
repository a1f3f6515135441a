import { afterAll, beforeAll, expect, test } from 'vitest';
import { aqOn, connected, enrolledAs, type FleetSide, idOf, source, startFleetSide } from './fleet-side.ts';

const setUpByHand = 51;
const byHand = Array.from({ length: setUpByHand }, (_, index) => idOf(index));
const byPolicy = { ...aqOn, autoApproveByPolicy: true };

let side: FleetSide;
beforeAll(async () => {
  side = await startFleetSide();
  await side.inForce();
  await side.putDevices(Array.from({ length: 100 }, (_, index) => connected(index)));
  const enrolments = Array.from({ length: 60 }, (_, index) => enrolledAs(index, index < setUpByHand ? 'manual' : 'pushed'));
  await side.requests.importEnrolments(enrolments, 'test');
  await side.queues.drain('evaluations');
  await side.decideEveryone();
});
afterAll(async () => {
  await side.stop();
});

async function publish(settings: typeof aqOn) {
  side.clock.now += 60_000;
  const [current] = (await side.requests.stores.settings.versions('*')).versions;
  const publication = { settings, scope: '*', replaces: current?.version ?? 0, publishedBy: 'ann', at: side.clock.now };
  return side.requests.publishSettings.publish(publication);
}

test('confirming applies exactly the plan; rolling back lifts exactly our own blocks', async () => {
  const before = await side.shown();
  const planned = await side.plan({ sourceIds: [source], settings: byPolicy });
  expect(planned.perRule['mail-pushed-by-policy']).toMatchObject({ block: setUpByHand, approve: 0 });
  const answer = await publish(byPolicy);
  if (answer.outcome !== 'guarded') throw new Error(`not stopped: ${answer.outcome}`);
  const { guardId } = answer.guard;
  const decided = await side.requests.decideGuard(guardId, { decision: 'confirm', by: 'bob' });
  expect(decided?.guard).toMatchObject({ state: 'confirmed', outcome: 'The settings are published.', decidedBy: 'bob' });
  expect(await side.journalOf(source)).toEqual(expect.arrayContaining(['guard-tripped', 'guard-decided', 'settings']));
  await side.runEvaluations();
  const changed = (await side.shown()).filter((one, index) => one.verdict !== before[index]?.verdict || one.action !== null);
  expect(changed).toEqual(planned.changes.map(({ user, deviceId, to, action }) => ({ user, deviceId, ...to, action })));
  expect(await side.carryOut()).toEqual(byHand.map((id) => `block ${id}`));

  expect(await publish(aqOn)).toMatchObject({ outcome: 'published' });
  await side.runEvaluations();
  expect(await side.carryOut()).toEqual(byHand.map((id) => `approve ${id}`));
});

test("a gather's changes are assessed as a whole: nothing happens before a decision", async () => {
  await publish(byPolicy).then(async (answer) => {
    if (answer.outcome === 'guarded') await side.requests.decideGuard(answer.guard.guardId, { decision: 'reject', by: 'bob' });
  });
  // The rules apply, but mail is not set up by hand any more; then a gather finds that it is again.
  const users = [...new Set((await side.devices()).map(({ user }) => user))];
  const [one = [], other = []] = [users.slice(0, 3), users.slice(3)];
  await side.dependencies.settings.current(source);
  const [current] = (await side.requests.stores.settings.versions('*')).versions;
  await side.requests.stores.settings.publish({
    settings: byPolicy,
    scope: '*',
    replaces: current?.version ?? 0,
    publishedBy: 'test',
    at: side.clock.now,
  });
  const part = (part: number, of: string[]) => ({
    body: { kind: 'users', sourceId: source, users: of, cause: 'gather R', assess: { runId: 'R', part, parts: 2 } },
  });
  await side.dependencies.evaluations.send([part(0, one)]);
  await side.runEvaluations();
  expect(await side.queues.drain('actions')).toEqual([]);
  await side.dependencies.evaluations.send([part(1, other)]);
  await side.runEvaluations();
  expect(await side.queues.drain('actions')).toEqual([]);
  const guardId = (await side.sources.read(source)).guard ?? '';
  expect(await side.guards.read(guardId)).toMatchObject({
    kind: 'gather',
    state: 'waiting',
    sources: { cloud: { affected: 51 } },
  });
  expect((await side.shown()).filter(({ verdict }) => verdict === 'block')).toHaveLength(setUpByHand);

  await side.requests.decideGuard(guardId, { decision: 'reject', by: 'bob' });
  expect((await side.sources.read(source)).guard).toBeNull();
  await side.dependencies.evaluations.send([{ body: { kind: 'everyone', sourceId: source, cause: 'later' } }]);
  await side.runEvaluations();
  expect(await side.queues.drain('actions')).toEqual([]);
});
