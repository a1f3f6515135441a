/** A source that fails as a whole: one alarm, one try at a time, and everything resumes automatically once it is healthy. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { actionOutgoing } from '#adapters/action-queue';
import { aRequest, type Spine, sourceId, startSpine } from '#test/fixtures/spine';

let spine: Spine;
let count = 0;
const phones = ['A', 'B', 'C', 'D'];
let users: string[];

beforeAll(async () => {
  spine = await startSpine();
});
beforeEach(async () => {
  count += 1;
  spine.simulator.setFaults([]);
  await spine.sources.update(sourceId, { problem: null, retryAt: null, pause: null });
  spine.alarms.length = 0;
  users = phones.map((letter) => `Pause ${count}${letter}/Acme`);
  for (const user of users) {
    spine.simulator.arrive(user, { deviceId: 'ApplP' });
    await spine.gather(user);
  }
  await spine.runUntilIdle();
});
afterAll(() => spine.stop());

async function askAll(of: readonly string[] = users): Promise<string[]> {
  const ids: string[] = [];
  for (const user of of) {
    const device = await spine.device({ user, deviceId: 'ApplP' });
    const actionId = `pause ${user}`;
    await spine.ask(aRequest(device, { actionId, type: 'approve', requestedAt: ++spine.clock.now }));
    ids.push(actionId);
  }
  return ids;
}
const states = async (ids: readonly string[]) => Promise.all(ids.map(async (id) => (await spine.ledger.read(id))?.state));
const resumes = () => spine.evaluations.sent.filter((body) => (body as { kind: string }).kind === 'resume').length;
const asked = () => spine.simulator.counts.requests.detail ?? 0;

test('with Retry-After all actions wait until then, and then go out', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, retryAfter: '120', on: 'detail', times: 1 }]);
  const before = asked();
  const ids = await askAll();
  await spine.runUntilIdle({ forMs: 100_000 });
  expect(await states(ids)).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
  expect(asked() - before).toBe(1);
  expect(spine.alarms).toHaveLength(1);
  await spine.runUntilIdle({ forMs: 200_000 });
  expect(await states(ids)).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed']);
  expect(await spine.sources.read(sourceId)).toMatchObject({ pause: null, problem: null });
});

test.each([429, 503])('a write answered %i with Retry-After waits for it, and is done once', async (code) => {
  spine.simulator.setFaults([{ kind: 'status', code, retryAfter: '120', on: 'write', times: 1 }]);
  const requests = () => Object.values(spine.simulator.counts.requests).reduce((sum, count) => sum + count, 0);
  const before = requests();
  const ids = await askAll();
  await spine.runUntilIdle({ forMs: 100_000 });
  // The first one was read and written; no other one began.
  expect(requests() - before).toBe(2);
  expect(await spine.sources.read(sourceId)).toMatchObject({ pause: { failures: 1 } });
  // 429 means that nothing was done; 503 leaves that open.
  expect((await states(ids))[0]).toBe(code === 429 ? 'waiting' : 'unknown');
  await spine.runUntilIdle({ forMs: 200_000 });
  expect(await states(ids)).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed']);
  const done = spine.simulator.effects.filter(({ applied, device }) => applied && users.includes(device?.user ?? ''));
  expect(done.map(({ device }) => device?.user).sort()).toEqual(users);
});

test('wrong credentials are tried by one action at a time, with one alarm', async () => {
  spine.simulator.setPassword('changed');
  const before = asked();
  const ids = await askAll();
  await spine.runUntilIdle({ forMs: 25 * 60_000 });
  expect(asked() - before).toBe(1);
  expect(await states(ids)).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
  expect(spine.alarms).toHaveLength(1);
  spine.simulator.setPassword('pässwörd');
  await spine.runUntilIdle({ forMs: 40 * 60_000 });
  expect(await states(ids)).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed']);
});

test('a probe interrupted by another worker is followed by the next one', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, retryAfter: '10', on: 'detail', times: 1 }]);
  const ids = await askAll();
  await spine.runUntilIdle({ forMs: 5_000 });
  spine.clock.now += 20_000;
  const { ledger } = spine.actDependencies;
  let conflicts = 0;
  const advance: typeof ledger.advance = async (...given) => (conflicts++ === 0 ? null : ledger.advance(...given));
  for (const resume of spine.evaluations.take(spine.clock.now, 120_000)) {
    await spine.perform.evaluation(resume.body);
    resume.delete();
  }
  for (const tried of spine.actions.take(spine.clock.now, 120_000)) {
    await spine.perform.action(tried, { ...spine.actDependencies, ledger: { ...ledger, advance } });
    tried.delete();
  }
  expect(conflicts).toBeGreaterThan(0);
  expect(await states(ids)).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
  await spine.runUntilIdle({ forMs: 120_000 });
  expect(await states(ids)).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed']);
});

test('a probing action that ends without probing passes its turn on', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, retryAfter: '120', on: 'detail', times: 1 }]);
  const [user = ''] = users;
  const actionId = `soon over ${user}`;
  const expiresAt = spine.clock.now + 60_000;
  const short = {
    ...aRequest(await spine.device({ user, deviceId: 'ApplP' }), { actionId, type: 'wipe', requestedAt: 1 }),
    expiresAt,
  };
  await spine.ask(short);
  await spine.runUntilIdle({ forMs: 5_000 });
  const ids = await askAll(users.slice(1));
  await spine.runUntilIdle({ forMs: 50_000 });
  expect(await states([actionId, ...ids])).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
  await spine.runUntilIdle({ forMs: 150_000 });
  expect(await states([actionId, ...ids])).toEqual(['expired', 'confirmed', 'confirmed', 'confirmed']);
});

test('a pause renewed while a message is delivered ends for its action too', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, retryAfter: '120', on: 'detail', times: 1 }]);
  const ids = await askAll();
  await spine.runUntilIdle({ forMs: 5_000 });
  await spine.sources.update(sourceId, { pause: null, problem: null });
  await spine.perform.evaluation({ kind: 'resume', sourceId, cause: 'gather' });
  const until = spine.clock.now + 20_000;
  await spine.sources.update(sourceId, { pause: { until, since: spine.clock.now, failures: 1, what: 'Busy again' } });
  await spine.evaluations.send([{ body: { kind: 'resume', sourceId, cause: 'pause', pause: until }, delaySeconds: 20 }]);
  await spine.runUntilIdle({ forMs: 60_000 });
  expect(await states(ids)).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed']);
});

test('an early message does not block the one ending the pause', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, retryAfter: '60', on: 'detail', times: 1 }]);
  const ids = await askAll(users.slice(0, 1));
  await spine.runUntilIdle({ forMs: 1000 });
  expect(await states(ids)).toEqual(['waiting']);
  for (const id of ids) {
    const action = await spine.ledger.read(id);
    if (action) await spine.actions.send([actionOutgoing(action)]);
  }
  await spine.runUntilIdle({ forMs: 100_000 });
  expect(await states(ids)).toEqual(['confirmed']);
});

const lift = () => spine.sources.update(sourceId, { pause: null, problem: null, lastCompleteGatherAt: ++spine.clock.now });
/** One message of the action queue, handled by a worker that is interrupted at one point. */
async function workOnOne(deps: Partial<Spine['actDependencies']>): Promise<void> {
  const [one] = spine.actions.take(spine.clock.now, 120_000);
  if (!one) throw new Error('no message to work on');
  await spine.perform.action(one, { ...spine.actDependencies, ...deps });
  one.delete();
}

test('an action that failed while a gather found the source healthy retries', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, retryAfter: '30', on: 'detail', times: 1 }]);
  const ids = await askAll(users.slice(0, 1));
  const updateFrom: Spine['sources']['updateFrom'] = async (...given) => {
    await lift();
    return spine.sources.updateFrom(...given);
  };
  await workOnOne({ sources: { ...spine.sources, updateFrom } });
  expect(await spine.sources.read(sourceId)).toMatchObject({ pause: null });
  await spine.runUntilIdle({ forMs: 100_000 });
  expect(await states(ids)).toEqual(['confirmed']);
});

test('a pause that ends between its read and the wait is not waited for', async () => {
  const pause = { until: spine.clock.now + 600_000, since: spine.clock.now, failures: 1, what: 'Busy' };
  await spine.sources.update(sourceId, { pause });
  const ids = await askAll(users.slice(0, 1));
  const { ledger } = spine.actDependencies;
  const advance: typeof ledger.advance = async (...given) => {
    await lift();
    return ledger.advance(...given);
  };
  await workOnOne({ ledger: { ...ledger, advance } });
  expect(await states(ids)).toEqual(['waiting']);
  await spine.runUntilIdle({ forMs: 100_000 });
  expect(await states(ids)).toEqual(['confirmed']);
});

test('a long pause has one message that ends it, not one per try', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, retryAfter: '120', on: 'detail' }]);
  await askAll();
  await spine.runUntilIdle({ forMs: 600_000 });
  const [before, tries] = [resumes(), asked()];
  await spine.runUntilIdle({ forMs: 7_200_000 });
  const each = (resumes() - before) / (asked() - tries);
  expect(asked() - tries).toBeGreaterThan(20);
  expect(each).toBeLessThan(3.5);
  spine.simulator.setFaults([]);
  await spine.runUntilIdle({ forMs: 200_000 });
});

test('a successful gather ends the pause, and waiting actions are sent at once', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, retryAfter: '800', on: 'detail', times: 1 }]);
  const ids = await askAll();
  await spine.runUntilIdle({ forMs: 5_000 });
  expect(await states(ids)).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
  // What a gather does at its end.
  await spine.sources.update(sourceId, { pause: null, problem: null, retryAt: null, lastCompleteGatherAt: spine.clock.now });
  await spine.evaluations.send([{ body: { kind: 'resume', sourceId, cause: 'gather' } }]);
  await spine.runUntilIdle({ forMs: 5_000 });
  expect(await states(ids)).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed']);
});

test('a failure from before a successful gather raises no alarm after it', async () => {
  const seen = await spine.sources.read(sourceId);
  await spine.sources.update(sourceId, { problem: null, retryAt: null, lastCompleteGatherAt: ++spine.clock.now });
  const problem = { kind: 'denied' as const, what: 'x', where: 'x', remedy: 'x', at: spine.clock.now };
  expect(await spine.sources.updateFrom(seen, { problem, retryAt: spine.clock.now + 1 })).toBe(false);
  expect((await spine.sources.read(sourceId)).problem).toBeNull();
});
