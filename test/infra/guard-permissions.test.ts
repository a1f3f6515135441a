/** Every call that the guard store makes is allowed to the functions that make it: tests with a bare database cannot show that. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { guardStore } from '#adapters/dynamodb/guards/guards';
import type { GuardedDevice, GuardItem } from '#domain/quarantine/guard';
import { needs } from '#infra/cloud/permissions';
import { clientOf, startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let database: TestDatabase;
let client: DocumentClient;
let calls: string[] = [];
beforeAll(async () => {
  database = await startDynamoDb();
  client = clientOf(database.endpoint);
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        calls.push(String(commandName).replace('Command', ''));
        return next(args);
      },
    { step: 'initialize', name: 'recordCalls' },
  );
});
afterAll(() => database.stop());

const guard: GuardItem = {
  ...{ guardId: 'gather-cloud-1', kind: 'gather', cause: 'gather 1', state: 'waiting', at: 1000, requestedBy: 'Auto-Quarantine' },
  sources: { cloud: { trips: true, affected: 501, devices: 1000, percent: 50.1 } },
  ...{ devices: [], decidedBy: null, decidedAt: null, outcome: null, payload: null },
};
const taken: GuardedDevice[] = Array.from({ length: 501 }, (_, n) => ({
  ...{ sourceId: 'cloud', user: `user ${n}`, deviceId: `d${n}`, rule: 'r' },
}));
/** The batch calls among those made: the only ones whose permission is named like the call. */
const batchCalls = async (work: () => Promise<unknown>) => {
  calls = [];
  await work();
  return [...new Set(calls)].filter((call) => call.startsWith('Batch'));
};

test('every function that trips guards may store a list of more than 500 devices', async () => {
  const made = await batchCalls(() => guardStore(client, database.tables).trip(guard, { withholds: ['cloud'], taken }));
  expect(made).toEqual(['BatchWriteItem']);
  expect(needs.evaluate.tables.control).toEqual(expect.arrayContaining(made));
  expect(needs['portal-events'].tables.control).toEqual(expect.arrayContaining(made));
});

test('the API may list guards and read what one stopped', async () => {
  const store = guardStore(client, database.tables);
  await store.trip(guard, { withholds: ['cloud'], taken });
  const made = await batchCalls(async () => {
    await store.list();
    await store.waiting();
    const stored = await store.read(guard.guardId);
    if (stored) await store.takings(stored);
  });
  expect(made).toEqual(['BatchGetItem']);
  expect(needs.api.tables.control).toEqual(expect.arrayContaining(made));
});
