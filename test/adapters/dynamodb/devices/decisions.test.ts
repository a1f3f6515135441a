import { afterAll, beforeAll, expect, test } from 'vitest';
import { decisionStore } from '#adapters/dynamodb/devices/decisions';
import type { Decision } from '#domain/quarantine/decision';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let database: TestDatabase;
beforeAll(async () => {
  database = await startDynamoDb();
});
afterAll(() => database.stop());

const decided = (decisionId: string, deviceId: string, at: number): Decision => ({
  decisionId,
  deviceId,
  decided: 'block',
  by: { kind: 'person', name: 'jane' },
  at,
});
const key = (deviceId: string, user = 'Jane Doe/Acme') => ({ sourceId: 'cloud', user, deviceId });

test('a repeated decision is stored once, and stays withdrawn after its withdrawal', async () => {
  const store = decisionStore(database.client, database.tables);
  await store.record(key('A'), decided('d1', 'A', 100));
  expect(await store.withdraw(key('A'), { at: 200, by: 'john', cause: 'w1' })).toBe(1);
  await store.record(key('A'), decided('d1', 'A', 100));
  expect(await store.of(key('A'))).toEqual([{ ...decided('d1', 'A', 100), withdrawnAt: 200 }]);
  expect(await store.withdraw(key('A'), { at: 300, by: 'john', cause: 'w2' })).toBe(0);
});

test('decisions that expire are listed page by page, the earliest first', async () => {
  const store = decisionStore(database.client, database.tables);
  for (const nth of [3, 1, 2])
    await store.record(key(`E${nth}`), { ...decided(`e${nth}`, `E${nth}`, 100), expiresAt: 1_000 + nth });
  const first = await store.endingBefore(5_000, { limit: 2 });
  expect(first.items.map(({ expiresAt }) => expiresAt)).toEqual([1_001, 1_002]);
  const second = await store.endingBefore(5_000, { cursor: first.cursor, limit: 2 });
  expect(second.items.map(({ expiresAt }) => expiresAt)).toEqual([1_003]);
  expect(second.cursor).toBeNull();
});

test('a withdrawal ends earlier decisions, for that device alone', async () => {
  const store = decisionStore(database.client, database.tables);
  await store.record(key('X'), decided('before', 'X', 100));
  await store.record(key('X'), decided('after', 'X', 300));
  await store.record(key('X|Y'), decided('other', 'X|Y', 100));
  expect(await store.withdraw(key('X'), { at: 200, by: 'john', cause: 'w3' })).toBe(1);
  const inEffect = (await store.of(key('X'))).filter((decision) => decision.withdrawnAt === undefined);
  expect(inEffect.map((decision) => decision.decisionId)).toEqual(['after']);
  expect((await store.of(key('X|Y')))[0]?.withdrawnAt).toBeUndefined();
});
