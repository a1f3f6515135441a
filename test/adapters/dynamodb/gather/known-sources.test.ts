import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { knownSources } from '#adapters/dynamodb/gather/known-sources';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let db: TestDatabase;
beforeAll(async () => {
  db = await startDynamoDb();
});
afterAll(() => db.stop());

test('a source added by another invocation at the same moment is remembered too', async () => {
  const sources = knownSources(db.client, db.tables.control);
  await sources.everConfigured(['first']);
  let happened = false;
  const send: DocumentClient['send'] = async (command: unknown) => {
    const answer = await db.client.send(command as GetCommand);
    if (command instanceof GetCommand && !happened) {
      happened = true;
      await sources.everConfigured(['first', 'second']);
    }
    return answer;
  };
  const late: DocumentClient = Object.assign(Object.create(db.client), { send });
  expect((await knownSources(late, db.tables.control).everConfigured(['third'])).sort()).toEqual(['first', 'second', 'third']);
  expect((await sources.everConfigured([])).sort()).toEqual(['first', 'second', 'third']);
});
