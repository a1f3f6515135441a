/** Batches of the action queue, as Lambda delivers them. */
import type { SQSRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import { inGroups } from '#functions/act/batch';

function record(messageId: string, group: string): SQSRecord {
  return {
    messageId,
    receiptHandle: messageId,
    body: '{}',
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'x',
      ApproximateFirstReceiveTimestamp: '0',
      MessageGroupId: group,
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn',
    awsRegion: 'us-east-1',
  };
}

test('actions of one device run in order; other devices do not wait', async () => {
  const order: string[] = [];
  const slow = Promise.withResolvers<void>();
  const done = inGroups(
    [record('a1', 'a'), record('a2', 'a'), record('b1', 'b')],
    async ({ messageId }) => {
      if (messageId === 'a1') await slow.promise;
      order.push(messageId);
      if (messageId === 'b1') slow.resolve();
    },
    { onFailure: () => undefined },
  );
  expect((await done).batchItemFailures).toEqual([]);
  expect(order).toEqual(['b1', 'a1', 'a2']);
});

test("a failed message returns its device's later ones untouched, and nothing else", async () => {
  const seen: string[] = [];
  const failures: string[] = [];
  const { batchItemFailures } = await inGroups(
    [record('a1', 'a'), record('b1', 'b'), record('a2', 'a'), record('a3', 'a')],
    async ({ messageId }) => {
      seen.push(messageId);
      if (messageId === 'a2') throw new Error('no');
    },
    { onFailure: ({ messageId }) => failures.push(messageId) },
  );
  expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['a2', 'a3']);
  expect(seen.sort()).toEqual(['a1', 'a2', 'b1']);
  expect(failures).toEqual(['a2']);
});
