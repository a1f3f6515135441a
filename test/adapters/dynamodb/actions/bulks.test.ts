/** Bulks on a real DynamoDB server: a request that is delivered twice never undoes what was done in between. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulkStore } from '#adapters/dynamodb/actions/bulks';
import type { DocumentClient } from '#adapters/dynamodb/client';
import type { Bulk } from '#domain/messages/bulk';
import { type ActionRequested, actionRequested } from '#domain/messages/events-in';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let database: TestDatabase;
beforeAll(async () => {
  database = await startDynamoDb();
});
afterAll(() => database.stop());

const store = (client: DocumentClient = database.client) => bulkStore(client, database.tables);
const aBulk = (bulkId: string, deviation: Partial<Bulk> = {}): Bulk => ({
  bulkId,
  requestedBy: 'ann',
  requestedAt: 1_700_000_000_000,
  actions: 150,
  parts: 2,
  content: 'first',
  cancelledAt: null,
  cancelledBy: null,
  ...deviation,
});
const requestsOf = (bulkId: string, reason: string): ActionRequested[] =>
  Array.from({ length: 150 }, (_, nth) =>
    actionRequested.parse({
      actionId: `${bulkId}-${nth}`,
      type: 'approve',
      target: { sourceId: 'cloud', user: 'Jane Doe/Acme', deviceId: `Appl${nth}` },
      requestedAt: 1_700_000_000_000,
      requestedBy: { kind: 'person', name: 'ann' },
      reason,
    }),
  );

/** A client whose first read finds the state from before `meanwhile` happened. */
function lateClient(meanwhile: () => Promise<unknown>): DocumentClient {
  let happened = false;
  const send: DocumentClient['send'] = async (command: unknown) => {
    const answer = await database.client.send(command as GetCommand);
    if (command instanceof GetCommand && !happened) {
      happened = true;
      await meanwhile();
    }
    return answer;
  };
  return Object.assign(Object.create(database.client), { send });
}

test('a late duplicate of a staged bulk leaves the progress of its parts', async () => {
  const refused = [{ actionId: 'late-0', because: 'no device' }];
  const late = lateClient(async () => {
    expect(await store().stage(aBulk('late'), requestsOf('late', 'one'))).toBe('staged');
    await store().markTaken('late', 0, refused);
  });
  expect(await store(late).stage(aBulk('late', { requestedAt: 1_700_000_000_500 }), requestsOf('late', 'one'))).toBe('known');
  expect((await store().tally('late')).refused).toEqual(refused);
  expect(await store().read('late')).toMatchObject({ requestedAt: 1_700_000_000_000 });
});

test('a late request with other content under the same id changes nothing', async () => {
  const late = lateClient(() => store().stage(aBulk('other'), requestsOf('other', 'one')));
  expect(await store(late).stage(aBulk('other', { content: 'second' }), requestsOf('other', 'two'))).toBe('different');
  for (const part of [0, 1]) expect((await store().requestsOf('other', part))[0]?.reason).toBe('one');
});

test('a repeated request completes a bulk whose staging crashed', async () => {
  let sends = 0;
  const send: DocumentClient['send'] = async (command: unknown) => {
    sends += 1;
    if (sends > 2) throw new Error('killed');
    return database.client.send(command as GetCommand);
  };
  const killed: DocumentClient = Object.assign(Object.create(database.client), { send });
  await expect(store(killed).stage(aBulk('killed'), requestsOf('killed', 'one'))).rejects.toThrow('killed');
  expect(await store().read('killed')).toBeNull();
  expect(await store().stage(aBulk('killed'), requestsOf('killed', 'one'))).toBe('staged');
  expect((await store().requestsOf('killed', 0)).length + (await store().requestsOf('killed', 1)).length).toBe(150);
});
