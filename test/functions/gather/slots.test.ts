/** A gather and the actions of its source share one limit: their concurrent requests never exceed what the source allows. */
import { afterEach, expect, test } from 'vitest';
import { slotStore } from '#adapters/dynamodb/actions/concurrency-slots';
import { gatherHolder } from '#domain/actions/concurrency-slots';
import { startWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.stop());

test('a gather makes no more concurrent requests than its slots, and releases them', async () => {
  world = await startWorld({ devices: 200 });
  const { slots } = world.dependencies;
  const actions = slotStore(world.database.client, world.database.tables.control);
  const shares: number[] = [];
  const watched = {
    ...slots,
    share: async (...given: Parameters<typeof slots.share>) => {
      const shared = await slots.share(...given);
      shares.push(shared.held);
      return shared;
    },
  };
  const lease = { holder: 'act', wanted: 5, limit: 8, now: world.clock.now, until: world.clock.now + 3_600_000 };
  expect(await actions.lease('cloud', lease)).toBe(5);
  expect(await world.gather('run', { slots: watched })).toMatchObject({ outcome: 'completed' });
  expect(shares).toEqual([3]);
  expect(world.simulator.counts.mostAtOnce).toBeLessThanOrEqual(3);
  expect(await actions.lease('cloud', { ...lease, wanted: 10 })).toBe(8);
});

test('a gather that gets no slot waits, and its message is redelivered', async () => {
  world = await startWorld();
  const share = async () => ({ held: 0, goal: 1 });
  expect(await world.gather('run', { slots: { ...world.dependencies.slots, share } })).toMatchObject({
    outcome: 'waiting',
    run: { state: 'queued' },
  });
  expect(world.gathers).toHaveLength(1);
  expect(await world.gather('run')).toMatchObject({ outcome: 'completed' });
});

test('the slots of a killed gather go to the next one', async () => {
  world = await startWorld();
  const lease = { holder: gatherHolder, limit: 8, inUse: 0, now: world.clock.now, until: world.clock.now + 60_000 };
  await world.dependencies.slots.share('cloud', lease);
  expect(await world.gather()).toMatchObject({ outcome: 'completed' });
});
