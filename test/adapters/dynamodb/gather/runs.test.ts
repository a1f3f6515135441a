import { afterAll, beforeAll, expect, test } from 'vitest';
import { newRun, runIdOf, runStore } from '#adapters/dynamodb/gather/runs';
import { FencedOff, sourceStore } from '#adapters/dynamodb/gather/sources';
import { newSource } from '#domain/devices/source';
import { conflicting } from '#test/fixtures/conflicts';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let db: TestDatabase;
beforeAll(async () => {
  db = await startDynamoDb();
});
afterAll(() => db.stop());

const runs = () => runStore(db.client, db.tables.control);
const sources = () => sourceStore(db.client, db.tables.control);
const requested = (at: number, sourceId = 'cloud') => ({
  sourceId,
  runId: runIdOf(at, sourceId),
  reason: 'request' as const,
  requestedAt: at,
});

test('a run asked for twice is one run', async () => {
  const run = requested(1_000);
  expect(await runs().request(run)).toBe(true);
  await runs().update(run, { state: 'running' });
  expect(await runs().request(run)).toBe(false);
  expect(await runs().read(run.runId)).toEqual({ ...newRun(run), state: 'running' });
});

test('the newest runs of a source come first, and of that source only', async () => {
  const asked = [1, 2, 3].map((second) => requested(second * 1_000, 'other'));
  for (const run of asked) await runs().request(run);
  expect((await runs().lastRuns('other', 2)).map((run) => run.runId)).toEqual([asked[2]?.runId, asked[1]?.runId]);
});

test('the end of a run is written although another transaction touches it at that moment', async () => {
  const run = requested(2_000);
  await runs().request(run);
  const line = { at: 3_000, id: `gather|${run.runId}`, kind: 'gather-completed' as const, says: 'It ended.', data: {} };
  const conflicted = runStore(conflicting(db.client, 2), db.tables.control, db.tables.journal);
  await conflicted.end(run, { state: 'completed' }, line);
  expect(await runs().read(run.runId)).toMatchObject({ state: 'completed' });
});

test('a run nobody knows reads as null and is not created by an update', async () => {
  await runs().update({ sourceId: 'cloud', runId: 'gone' }, { state: 'failed' });
  expect(await runs().read('gone')).toBeNull();
});

test('a source never heard of reads as new, and keeps what is set one field at a time', async () => {
  expect(await sources().read('fresh')).toEqual(newSource('fresh'));
  await sources().update('fresh', { devices: 7 });
  await sources().update('fresh', { aqInForce: true });
  expect(await sources().read('fresh')).toEqual({ ...newSource('fresh'), devices: 7, aqInForce: true });
});

test('a gather that lost its lease cannot write the source any more', async () => {
  await sources().update('fenced', { devices: 1 }, { fence: 5 });
  await sources().update('fenced', { devices: 2 }, { fence: 6 });
  await expect(sources().update('fenced', { devices: 3 }, { fence: 5 })).rejects.toThrow(FencedOff);
  expect((await sources().read('fenced')).devices).toBe(2);
});
