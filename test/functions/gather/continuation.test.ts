import { afterEach, expect, test } from 'vitest';
import { gather } from '#functions/gather/gather';
import { leaseMs } from '#functions/gather/lease-keeper';
import { minutes, startWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

/** An invocation with time for about `asks` questions of "may I go on?". */
function shortInvocation(asks: number): () => number {
  let left = asks;
  return () => (left-- > 0 ? 900_000 : 0);
}

test('an interrupted gather continues in the next invocation, as one run', async () => {
  world = await startWorld({ devices: 70, settings: { requireApproval: 'on' } });
  let rounds = 0;
  let last = await world.gather('long', {}, shortInvocation(12));
  expect(last.outcome).toBe('continued');
  expect((await world.state()).aqInForce).toBe(false);
  expect(world.simulator.settings.require_approval).toBe(false);
  while (last.outcome === 'continued' && rounds < 30) {
    const next = world.gathers.shift();
    expect(next?.message).toEqual(world.message('long'));
    last = await world.gather('long', {}, shortInvocation(12));
    rounds++;
  }
  expect(last.run).toMatchObject({ state: 'completed', baseline: true, counts: { details: 70, added: 70, devices: 70 } });
  expect(last.run.invocations).toBe(rounds + 1);
  expect(rounds).toBeGreaterThan(3);
  const devices = await world.devices();
  expect(devices.every(({ baselineRun }) => baselineRun === last.run.runId)).toBe(true);
  expect(await world.state()).toMatchObject({ aqInForce: true, devices: 70 });
});

test('full records due after a long pause are read over invocations, each once', async () => {
  world = await startWorld({ devices: 70 });
  await world.gather('first');
  world.clock.now += 72 * 60 * minutes;
  let last = await world.gather('long', {}, shortInvocation(20));
  for (let round = 0; last.outcome === 'continued' && round < 30; round++)
    last = await world.gather('long', {}, shortInvocation(20));
  expect(last.run).toMatchObject({ state: 'completed', counts: { details: 70, missing: 0 } });
});

test('a device not yet reached by an interrupted gather is not missing', async () => {
  world = await startWorld({ devices: 70 });
  await world.gather('first');
  world.clock.now += 72 * 60 * minutes;
  await world.gather('long', {}, shortInvocation(5));
  expect((await world.devices()).filter(({ presence }) => presence !== 'present')).toEqual([]);
});

test('two gathers of one source never run at once: the second is retried later', async () => {
  world = await startWorld();
  const { leases } = world.dependencies;
  const lease = await leases.acquire('cloud', { now: world.clock.now, lengthMs: leaseMs });
  expect(lease?.fence).toBe(1);
  const { outcome } = await world.gather('second');
  expect(outcome).toBe('waiting');
  expect(world.gathers).toEqual([{ message: world.message('second'), delaySeconds: expect.any(Number) }]);
  await leases.release('cloud', 1, { now: world.clock.now, clean: true });
  expect((await world.gather('second')).outcome).toBe('completed');
});

test('a gather that lost its lease writes nothing, and its message is redelivered', async () => {
  world = await startWorld();
  const { manifests } = world.dependencies;
  const stolen = {
    ...manifests,
    async read(sourceId: string) {
      const read = await manifests.read(sourceId);
      world.clock.now += leaseMs;
      const other = await world.dependencies.leases.acquire(sourceId, { now: world.clock.now, lengthMs: leaseMs });
      expect(other?.wasCutOff).toBe(true);
      return read;
    },
  };
  const message = world.message('late');
  const outcome = await gather({ ...world.dependencies, manifests: stolen })(message, { remainingMs: () => 900_000 });
  expect(outcome).toBe('waiting');
  expect(await world.devices()).toEqual([]);
});

test('a message of an ended run does nothing', async () => {
  world = await startWorld();
  await world.gather('once');
  const { units } = world.meter;
  const before = units.write;
  expect((await world.gather('once')).outcome).toBe('dropped');
  expect(units.write - before).toBeLessThan(5);
});

test('after a gather was cut off, the next one evaluates everyone', async () => {
  world = await startWorld();
  await world.gather('first');
  world.evaluations.length = 0;
  await world.dependencies.leases.acquire('cloud', { now: world.clock.now, lengthMs: leaseMs });
  world.clock.now += 15 * minutes;
  await world.gather('second');
  expect(world.evaluations).toMatchObject([{ kind: 'everyone' }]);
});

test('a running gather reports its progress and its estimated end', async () => {
  world = await startWorld({ devices: 300 });
  const progress: { details: number; estimatedEnd: number | null }[] = [];
  const { runs } = world.dependencies;
  const watched = {
    ...runs,
    async update(...[run, change]: Parameters<typeof runs.update>) {
      if (change.counts !== undefined && change.state === undefined)
        progress.push({ details: change.counts.details, estimatedEnd: change.estimatedEnd ?? null });
      await runs.update(run, change);
    },
  };
  // Each reading of the clock takes a moment, so that a gather of some hundred readings lasts some seconds.
  const ticking = () => {
    world.clock.now += 20;
    return world.clock.now;
  };
  await world.gather('slow', { runs: watched, now: ticking });
  expect(progress.length).toBeGreaterThan(1);
  expect(progress.some(({ estimatedEnd }) => estimatedEnd !== null)).toBe(true);
});

test('a gather that always breaks off finally fails, and the source shows why', async () => {
  world = await startWorld({ devices: 10 });
  const broken = { ...world.dependencies.manifests, read: () => Promise.reject(new Error('unreadable')) };
  for (let attempt = 1; attempt <= 9; attempt++)
    await expect(world.gather('poison', { manifests: broken })).rejects.toThrow('unreadable');
  const { outcome, run } = await world.gather('poison', { manifests: broken });
  expect(outcome).toBe('failed');
  expect(run).toMatchObject({ state: 'failed', problem: { kind: 'permanent', what: expect.stringContaining('9 times') } });
  expect((await world.state()).problem).toMatchObject({ what: expect.stringContaining('given up') });
  expect((await world.gather('poison')).outcome).toBe('dropped');

  const next = await world.gather('next');
  expect(next.run.state).toBe('completed');
  expect((await world.state()).problem).toBeNull();
});

test('a gather that needs many invocations does not fail', async () => {
  world = await startWorld({ devices: 35 });
  let last = await world.gather('long', {}, shortInvocation(4));
  for (let more = 0; last.outcome === 'continued' && more < 60; more++) last = await world.gather('long', {}, shortInvocation(4));
  expect(last.run.state).toBe('completed');
  expect(last.run.invocations).toBeGreaterThan(9);
});
