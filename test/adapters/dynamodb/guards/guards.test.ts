import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { guardStore } from '#adapters/dynamodb/guards/guards';
import { controlKeys } from '#adapters/dynamodb/keys';
import type { GuardedDevice, GuardItem } from '#domain/quarantine/guard';
import { conflicting } from '#test/fixtures/conflicts';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let database: TestDatabase;
let number = 0;
let source = '';
beforeAll(async () => {
  database = await startDynamoDb();
});
afterAll(() => database.stop());
beforeEach(() => {
  number += 1;
  source = `source-${number}`;
});

const store = () => guardStore(database.client, database.tables);
const sources = () => sourceStore(database.client, database.tables.control);
const aGuard = (name: string, more: Partial<GuardItem> = {}): GuardItem => ({
  guardId: `${source}-${name}`,
  kind: 'gather',
  cause: `gather ${name}`,
  state: 'waiting',
  at: 1000,
  requestedBy: 'Auto-Quarantine',
  sources: { [source]: { trips: true, affected: 60, devices: 100, percent: 60 } },
  devices: [],
  decidedBy: null,
  decidedAt: null,
  outcome: null,
  payload: null,
  ...more,
});
const held = async () => {
  const { guard, guardsBehind, guardsConfirmed } = await sources().read(source);
  return { guard, guardsBehind, guardsConfirmed };
};
const tripped = async (name: string) => (await store().trip(aGuard(name), { withholds: [source] })).guardId;

test('a second guard on a source keeps the first hold and names it', async () => {
  const first = await tripped('A');
  const second = await tripped('B');
  expect(await held()).toMatchObject({ guard: first, guardsBehind: [second] });
  expect(await store().read(first)).not.toHaveProperty('waitsFor');
  expect(await store().read(second)).toMatchObject({ waitsFor: [first] });
});

test('releasing one guard ends only its own hold, in any order', async () => {
  for (const order of [
    ['A', 'B'],
    ['B', 'A'],
  ]) {
    source = `${source}-${order[0]}`;
    const ids = { A: await tripped('A'), B: await tripped('B') };
    const [early = '', late = ''] = order.map((name) => ids[name as 'A' | 'B']);
    expect(await store().release(source, { guardId: early, decision: 'confirm' })).toEqual([late]);
    expect(await store().release(source, { guardId: early, decision: 'confirm' })).toEqual([late]);
    expect(await held()).toEqual({ guard: late, guardsBehind: [], guardsConfirmed: [early] });
    expect(await store().release(source, { guardId: late, decision: 'reject' })).toEqual([]);
    expect(await held()).toEqual({ guard: null, guardsBehind: [], guardsConfirmed: [] });
  }
});

test("an earlier version's mark, a single id, holds the source until decided", async () => {
  await sources().update(source, { guard: 'old' });
  const second = await tripped('B');
  expect(await held()).toMatchObject({ guard: 'old', guardsBehind: [second] });
  expect(await store().release(source, { guardId: 'old', decision: 'reject' })).toEqual([second]);
});

test('a release by an earlier version keeps the hold of the other guards', async () => {
  await tripped('A');
  const second = await tripped('B');
  await sources().update(source, { guard: null });
  const third = await tripped('C');
  expect(await held()).toMatchObject({ guard: second, guardsBehind: [third] });
});

test('guards that trip at the same moment all hold the source', async () => {
  const names = ['A', 'B', 'C', 'D', 'E'];
  const ids = await Promise.all(names.map(tripped));
  const { guard, guardsBehind = [] } = await held();
  expect([guard, ...guardsBehind].sort()).toEqual(ids.sort());
});

test('a guard knows all devices it stopped, also beyond those its item lists', async () => {
  const affected: GuardedDevice[] = Array.from({ length: 1201 }, (_, index) => ({
    sourceId: source,
    user: 'Jane Doe/Acme',
    deviceId: `DEV${index}`,
    rule: 'over-allowance',
  }));
  const devices = affected.slice(0, 500);
  const stored = await store().trip(aGuard('A', { devices }), { withholds: [source], taken: affected });
  expect(await store().takings(stored)).toEqual(affected);
  const few = await store().trip(aGuard('B', { devices: devices.slice(0, 3) }), {
    withholds: [source],
    taken: devices.slice(0, 3),
  });
  expect(few).not.toHaveProperty('deviceList');
  expect(await store().takings(few)).toEqual(devices.slice(0, 3));
});

test('a transaction conflict loses neither a decision nor its end', async () => {
  const { client, tables } = database;
  const guardId = await tripped('A');
  const decided = { decision: 'confirm', by: 'bob', at: 2000 } as const;
  const begun = await guardStore(conflicting(client, 2), tables).begin(guardId, decided);
  expect(begun).toMatchObject({ outcome: 'begun', guard: { state: 'confirming', decidedBy: 'bob' } });
  if (begun === null) throw new Error('no guard');
  const finished = await guardStore(conflicting(client, 2), tables).finish(begun.guard, 'Done.');
  expect(finished).toMatchObject({ state: 'confirmed', outcome: 'Done.' });
  expect(await store().read(guardId)).toMatchObject({ state: 'confirmed' });
});

test('guards are listed newest first, page by page, whatever their ids', async () => {
  const { client, tables } = await startedAlone();
  const alone = guardStore(client, tables);
  const times = Array.from({ length: 250 }, (_, index) => index);
  await pMap(times, (at) => alone.trip(aGuard(String((at * 7919) % 250).padStart(3, '0'), { at })), { concurrency: 16 });
  expect((await alone.list()).guards[0]?.at).toBe(249);
  const seen: number[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: Awaited<ReturnType<typeof alone.list>> = await alone.list({ cursor, limit: 60 });
    seen.push(...page.guards.map(({ at }) => at));
    cursor = page.cursor;
  }
  expect(seen).toEqual(times.toReversed());
  await client.send(
    new UpdateCommand({
      TableName: tables.control,
      Key: controlKeys.guard(aGuard('000', {}).guardId),
      UpdateExpression: 'SET #state = :state',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':state': 'rejected' },
    }),
  );
  expect(await alone.waiting()).toHaveLength(249);
  await expect(alone.list({ cursor: 'nonsense' })).rejects.toThrow('cursor');
});

const started: TestDatabase[] = [];
afterAll(async () => {
  for (const one of started) await one.stop();
});
async function startedAlone(): Promise<TestDatabase> {
  const fresh = await startDynamoDb();
  started.push(fresh);
  return fresh;
}
