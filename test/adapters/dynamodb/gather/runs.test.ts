import { afterAll, beforeAll, expect, test } from 'vitest';
import { CursorError, type Page } from '#adapters/dynamodb/cursor';
import { newRun, runIdOf, runStore } from '#adapters/dynamodb/gather/runs';
import { FencedOff, sourceStore } from '#adapters/dynamodb/gather/sources';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { type GatherRun, newSource } from '#domain/devices/source';
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

test('a run requested twice is one run', async () => {
  const run = requested(1_000);
  expect(await runs().request(run)).toBe(true);
  await runs().update(run, { state: 'running' });
  expect(await runs().request(run)).toBe(false);
  expect(await runs().read(run.runId)).toEqual({ ...newRun(run), state: 'running' });
});

test('the newest runs of a source come first, without those of other sources', async () => {
  const asked = [1, 2, 3].map((second) => requested(second * 1_000, 'other'));
  for (const run of asked) await runs().request(run);
  expect((await runs().lastRuns('other', 2)).map((run) => run.runId)).toEqual([asked[2]?.runId, asked[1]?.runId]);
});

test('every run of a source is listed, page by page, newest first', async () => {
  const asked = Array.from({ length: 7 }, (_, nth) => requested((nth + 1) * 1_000, 'listed'));
  for (const run of asked) await runs().request(run);
  const listed: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<GatherRun> = await runs().list('listed', { cursor, limit: 3 });
    expect(page.items.length).toBeLessThanOrEqual(3);
    listed.push(...page.items.map(({ runId }) => runId));
    cursor = page.cursor;
  } while (cursor !== null);
  expect(listed).toEqual(asked.map(({ runId }) => runId).reverse());
  await expect(runs().list('listed', { cursor: 'rubbish' })).rejects.toThrow(CursorError);
});

test('the end of a run is written despite a transaction conflict', async () => {
  const run = requested(1_000, 'contended');
  await runs().request(run);
  const line = { at: 5, id: 'end', kind: 'gather-completed' as const, says: 'done', data: {} };
  await runStore(conflicting(db.client, 2), db.tables.control, db.tables.journal).end(
    run,
    { state: 'completed', finishedAt: 5 },
    line,
  );
  expect(await runs().read(run.runId)).toMatchObject({ state: 'completed', finishedAt: 5 });
  expect(await timelineStore(db.client, db.tables.journal).readSource('contended')).toEqual([line]);
});

test('an unknown run reads as null and is not created by an update', async () => {
  await runs().update({ sourceId: 'cloud', runId: 'gone' }, { state: 'failed' });
  expect(await runs().read('gone')).toBeNull();
});

test('a new source has defaults and keeps fields set one by one', async () => {
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
