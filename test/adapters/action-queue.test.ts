/** Actions on a real SQS FIFO queue (fauxqs), as evaluate and request-action send them. */
import { CreateQueueCommand, DeleteMessageCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actionOutgoing } from '#adapters/action-queue';
import { sqsQueue } from '#adapters/queues';
import type { Action } from '#domain/actions/action';
import { actionMessage } from '#domain/messages/queue-messages';
import { aRequest, newDevice } from '#test/fixtures/spine';

const app = buildApp({ logger: false, defaultRegion: 'us-east-1' });
let client: SQSClient;

beforeAll(async () => {
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 });
  client = new SQSClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
});
afterAll(async () => {
  client.destroy();
  await app.close();
});

async function aQueue(name: string): Promise<string> {
  const Attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'false' };
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: `${name}.fifo`, Attributes }));
  if (!QueueUrl) throw new Error('no queue');
  return QueueUrl;
}
function anAction(deviceId: string, actionId: string, deviation: Partial<Action> = {}): Action {
  const seen = { provider: '', type: '', level: '', notification: '', lastSync: null, href: '', detail: null, baselineRun: null };
  const device = newDevice({ user: 'Jane Doe/Acme', deviceId, ...seen, now: 1 });
  return aRequest(device, { actionId, type: 'approve', requestedAt: 1, ...deviation });
}
async function receive(url: string): Promise<Message[]> {
  const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }));
  return Messages;
}
const idOf = ({ Body = '' }: Message) => actionMessage.parse(JSON.parse(Body)).actionId;
const remove = (url: string, { ReceiptHandle }: Message) =>
  client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));

test('sending the same try twice queues one message; a later try queues another', async () => {
  const url = await aQueue('tries');
  const queue = sqsQueue(url, client);
  await queue.send([actionOutgoing(anAction('A', 'one'))]);
  await queue.send([actionOutgoing(anAction('A', 'one'))]);
  const [first, ...more] = await receive(url);
  expect(more).toEqual([]);
  if (first) await remove(url, first);
  expect(await receive(url)).toEqual([]);
  await queue.send([actionOutgoing(anAction('A', 'one', { attempts: 1, notBefore: 5 }))]);
  expect((await receive(url)).map(idOf)).toEqual(['one']);
});

test('a wait rewritten with the same time has its own message', async () => {
  const url = await aQueue('waits');
  const queue = sqsQueue(url, client);
  const waiting = anAction('A', 'one', { attempts: 1, notBefore: 5 });
  for (const revision of [3, 3, 4]) {
    await queue.send([actionOutgoing({ ...waiting, revision })]);
    for (const message of await receive(url)) await remove(url, message);
  }
  await queue.send([actionOutgoing({ ...waiting, revision: 3 }), actionOutgoing({ ...waiting, revision: 5 })]);
  expect((await receive(url)).map(idOf)).toEqual(['one']);
});

test('actions of one device arrive in order; other devices in parallel', async () => {
  const url = await aQueue('devices');
  await sqsQueue(url, client).send([
    actionOutgoing(anAction('A', 'a1')),
    actionOutgoing(anAction('A', 'a2')),
    actionOutgoing(anAction('B', 'b1')),
  ]);
  const seen: string[] = [];
  for (let pass = 0; pass < 3; pass++)
    for (const message of await receive(url)) {
      seen.push(idOf(message));
      await remove(url, message);
    }
  expect(seen.filter((id) => id.startsWith('a'))).toEqual(['a1', 'a2']);
  expect(seen).toHaveLength(3);
});
