/**
 * SQS may reject each entry of a batch: what it rejects for its own reasons is retried after a pause, a limited number of times.
 */
import { SendMessageBatchCommand, type SendMessageBatchRequestEntry, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, test } from 'vitest';
import { sqsQueue } from '#adapters/queues';

const client = new SQSClient({ region: 'us-east-1' });
const sqs = mockClient(client);
const pauses: number[] = [];
const queue = sqsQueue('http://queue', client, { timing: { random: () => 1, pause: async (ms) => pauses.push(ms) } });
beforeEach(() => {
  sqs.reset();
  pauses.length = 0;
});

/** Rejects the first entry of each of the first `times` calls. */
function busy(times: number, SenderFault = false) {
  sqs.on(SendMessageBatchCommand).callsFake(({ Entries }: { Entries: SendMessageBatchRequestEntry[] }) => {
    if (sqs.commandCalls(SendMessageBatchCommand).length > times) return {};
    return { Failed: [{ Id: Entries[0]?.Id, SenderFault, Code: 'busy', Message: 'slow down' }] };
  });
}
const bodies = () =>
  sqs
    .commandCalls(SendMessageBatchCommand)
    .map(({ args }) => (args[0].input.Entries ?? []).map(({ MessageBody }) => MessageBody));

test('only rejected entries are retried, after growing pauses', async () => {
  busy(2);
  await queue.send([{ body: 1 }, { body: 2 }]);
  expect(bodies()).toEqual([['1', '2'], ['1'], ['1']]);
  expect(pauses).toEqual([25, 50]);
});

test('entries that stay rejected are an error with the reason', async () => {
  busy(Number.POSITIVE_INFINITY);
  await expect(queue.send([{ body: 1 }])).rejects.toThrow('SQS refused 1 of 1 messages: slow down');
  expect(bodies()).toHaveLength(5);
});

test('an entry rejected because of our own fault is not retried', async () => {
  busy(Number.POSITIVE_INFINITY, true);
  await expect(queue.send([{ body: 1 }])).rejects.toThrow('slow down');
  expect(bodies()).toHaveLength(1);
});
