/** A rejected event is recorded in the journal: at once, and once however often its message is received. */

import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { lineOf } from '#adapters/dynamodb/journal/journal-stream';
import { sourceLineItem, timelineStore } from '#adapters/dynamodb/journal/timeline';
import { rejectionLine } from '#domain/journal/rejection-lines';
import { eventsOf } from '#domain/outbound/events-out';
import { EventRejected } from '#functions/portal-events/portal-events';
import { reportRejection } from '#functions/portal-events/report-rejection';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let db: TestDatabase;
beforeAll(async () => {
  db = await startDynamoDb();
});
afterAll(() => db.stop());

const error = new EventRejected('EnrolmentChanged', [{ path: 'detail.enrolment.status', message: 'is missing' }]);
const lines = async () => {
  const query = {
    TableName: db.tables.journal,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': 'source|*' },
  };
  return (await db.client.send(new QueryCommand(query))).Items ?? [];
};

test('received five times, it is one line with the field, without its value', async () => {
  const report = reportRejection({ timeline: timelineStore(db.client, db.tables.journal) });
  const body = JSON.stringify({ id: 'bus-1', detail: { enrolment: { status: 'secret' } } });
  for (let receive = 0; receive < 5; receive++) await report(error, { body, messageId: 'm1', receivedAt: 1_700_000_000_000 });
  const [line, ...others] = await lines();
  expect(others).toEqual([]);
  expect(line).toMatchObject({ kind: 'event-rejected', data: { rejectedId: 'bus-1', event: 'EnrolmentChanged' } });
  expect(JSON.stringify(line)).not.toContain('secret');
  expect(eventsOf(lineOf(line))).toMatchObject([{ type: 'EventRejected', detail: { errors: error.faults } }]);
});

test('an unreadable event is named by its message, an unusable id by fingerprint', async () => {
  const report = reportRejection({ timeline: timelineStore(db.client, db.tables.journal) });
  await report(error, { body: '{', messageId: 'm2', receivedAt: 1_700_000_000_001 });
  await report(error, { body: JSON.stringify({ id: 'x'.repeat(5000) }), messageId: 'm3', receivedAt: 1_700_000_000_002 });
  const ids = (await lines()).map((item) => item.data.rejectedId);
  expect(ids).toEqual(['bus-1', 'm2', expect.stringMatching(/^[0-9a-f]{16}$/)]);
});

test("a rejection belongs to no source, and is chained like a source's lines", async () => {
  const line = rejectionLine({
    rejectedId: 'r',
    receivedAt: 5,
    event: 'event',
    errors: [{ path: 'body', message: 'is no JSON' }],
  });
  const chain = chainStore(db.client, db.tables.journal);
  await chain.append('*', [lineOf(sourceLineItem('*', line))]);
  expect((await chain.readChain('*')).entries).toMatchObject([{ seq: 1, line: { sourceId: '*', deviceId: null } }]);
});
