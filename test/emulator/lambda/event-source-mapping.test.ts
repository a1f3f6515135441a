import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { failedIn, type RunningMapping, startMapping } from '#infra/emulator/lambda/event-source-mapping';
import { FunctionError } from '#infra/emulator/lambda/function-error';
import type { EventSourceMapping, Invoke } from '#infra/emulator/model';

type Batch = { Records: { messageId: string; body: string; attributes: Record<string, string>; eventSource: string }[] };

let server: Awaited<ReturnType<typeof startFauxqs>>;
let sqs: SQSClient;
let endpoint: string;
let running: RunningMapping[];
let count = 0;
beforeAll(async () => {
  server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  endpoint = `http://127.0.0.1:${server.port}`;
  sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
});
afterAll(async () => {
  sqs.destroy();
  await server.stop();
});
beforeEach(() => {
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map(({ stop }) => stop()));
});

async function aQueue(attributes: Record<string, string> = {}, fifo = false): Promise<string> {
  count += 1;
  const QueueName = `q${count}${fifo ? '.fifo' : ''}`;
  const { QueueUrl = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName, Attributes: { ...attributes, ...(fifo ? { FifoQueue: 'true' } : {}) } }),
  );
  return QueueUrl;
}

const arnOf = (url: string) => `arn:aws:sqs:us-east-1:000000000000:${url.split('/').at(-1)}`;

function consume(queueUrl: string, handler: (batch: Batch) => Promise<unknown>, given: Partial<EventSourceMapping> = {}) {
  const problems: string[] = [];
  const mapping: EventSourceMapping = {
    id: 'm',
    functionArn: 'arn:f',
    queueArn: arnOf(queueUrl),
    batchSize: 10,
    windowSeconds: 0,
    reportsItemFailures: true,
    maximumConcurrency: null,
    enabled: true,
    ...given,
  };
  const invoke: Invoke = (_arn, event) => handler(event as Batch);
  running.push(
    startMapping(mapping, {
      queueUrl,
      functionName: 'f',
      endpoint,
      region: 'us-east-1',
      invoke,
      onProblem: (says) => problems.push(says),
    }),
  );
  return problems;
}

const send = (QueueUrl: string, bodies: string[]) =>
  sqs.send(
    new SendMessageBatchCommand({
      QueueUrl,
      Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
    }),
  );

async function depth(QueueUrl: string): Promise<number> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  return Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesNotVisible);
}

describe('a batch', () => {
  test('arrives as AWS-like records, and is deleted when the function is done', async () => {
    const queue = await aQueue();
    const batches: Batch[] = [];
    consume(queue, async (batch) => {
      batches.push(batch);
      return { batchItemFailures: [] };
    });
    await send(queue, ['a', 'b', 'c']);
    await vi.waitFor(() =>
      expect(batches.flatMap(({ Records }) => Records.map(({ body }) => body)).sort()).toEqual(['a', 'b', 'c']),
    );
    expect(batches[0]?.Records[0]).toMatchObject({
      eventSource: 'aws:sqs',
      eventSourceARN: arnOf(queue),
      awsRegion: 'us-east-1',
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.any(String) },
    });
    await vi.waitFor(async () => expect(await depth(queue)).toBe(0));
  });

  test('that failed in part keeps only its failures, which end in the dead-letter queue', async () => {
    const dead = await aQueue();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf(dead), maxReceiveCount: 2 });
    const queue = await aQueue({ VisibilityTimeout: '1', RedrivePolicy });
    const tries = new Map<string, number>();
    consume(queue, async ({ Records }) => {
      for (const { body } of Records) tries.set(body, (tries.get(body) ?? 0) + 1);
      const bad = Records.filter(({ body }) => body === 'malformed');
      return { batchItemFailures: bad.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    });
    await send(queue, ['good', 'malformed', 'fine']);
    await vi.waitFor(async () => expect(await depth(dead)).toBe(1), 10_000);
    expect(Object.fromEntries(tries)).toEqual({ good: 1, fine: 1, malformed: 2 });
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead }));
    expect(Messages[0]?.Body).toBe('malformed');
    expect(await depth(queue)).toBe(0);
  });

  test('whose function crashed is redelivered', async () => {
    const queue = await aQueue({ VisibilityTimeout: '1' });
    let calls = 0;
    const problems = consume(queue, async () => {
      calls += 1;
      if (calls === 1) throw new FunctionError('exit', 'Runtime.ExitError', 'f: Runtime exited: exit status 1');
      return undefined;
    });
    await send(queue, ['once']);
    await vi.waitFor(() => expect(calls).toBe(2), 5000);
    await vi.waitFor(async () => expect(await depth(queue)).toBe(0));
    expect(problems).toEqual([expect.stringContaining('a batch of 1 comes again: f: Runtime exited')]);
  });

  test('is filled during its window', async () => {
    const queue = await aQueue();
    const sizes: number[] = [];
    consume(
      queue,
      async ({ Records }) => {
        sizes.push(Records.length);
      },
      { windowSeconds: 1, batchSize: 20 },
    );
    for (const part of [0, 1])
      await send(
        queue,
        Array.from({ length: 10 }, (_, n) => `${part}-${n}`),
      );
    await vi.waitFor(() => expect(sizes).toEqual([20]), 5000);
  });
});

test('concurrent batches reach the maximum concurrency and never exceed it', async () => {
  const queue = await aQueue();
  const waiting: (() => void)[] = [];
  let most = 0;
  consume(
    queue,
    ({ Records }) => {
      expect(Records).toHaveLength(1);
      return new Promise<void>((resolve) => {
        waiting.push(resolve);
        most = Math.max(most, waiting.length);
      });
    },
    { batchSize: 1, maximumConcurrency: 2 },
  );
  await send(queue, ['1', '2', '3', '4', '5']);
  for (let done = 0; done < 5; done++) {
    await vi.waitFor(() => expect(waiting.length).toBe(Math.min(2, 5 - done)));
    waiting.shift()?.();
  }
  expect(most).toBe(2);
});

test('messages of one FIFO group are handled in order, also after a failure', async () => {
  const queue = await aQueue({ VisibilityTimeout: '1', ContentBasedDeduplication: 'true' }, true);
  const seen: string[] = [];
  consume(queue, async ({ Records }) => {
    for (const { body } of Records) seen.push(body);
    const failing = Records.filter(({ body, attributes }) => body === '2' && attributes.ApproximateReceiveCount === '1');
    return { batchItemFailures: failing.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });
  for (const MessageBody of ['1', '2', '3'])
    await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody, MessageGroupId: 'device' }));
  await vi.waitFor(() => expect(seen).toEqual(['1', '2', '2', '3']), 5000);
});

test('messages not received before a stop stay in the queue', async () => {
  const queue = await aQueue();
  consume(queue, async () => undefined);
  await running.pop()?.stop();
  await send(queue, ['later']);
  expect(await depth(queue)).toBe(1);
});

test('a message is handled within milliseconds of being sent', async () => {
  const queue = await aQueue();
  const hops: number[] = [];
  let sentAt = 0;
  let arrived: (() => void) | undefined;
  consume(queue, async () => {
    hops.push(performance.now() - sentAt);
    arrived?.();
  });
  for (let n = 0; n < 40; n++) {
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    sentAt = performance.now();
    await send(queue, [String(n)]);
    await arrival;
  }
  const sorted = hops.toSorted((a, b) => a - b);
  const median = sorted[20] ?? Number.NaN;
  console.log(`SQS hop: median ${median.toFixed(1)} ms, p95 ${sorted[37]?.toFixed(1)} ms`);
  expect(median).toBeLessThan(100);
});

describe('what a function reports as failed', () => {
  const batch = [{ MessageId: 'a' }, { MessageId: 'b' }];
  test.each([
    ['nothing', undefined, []],
    ['null', null, []],
    ['an empty list', { batchItemFailures: [] }, []],
    ['one message', { batchItemFailures: [{ itemIdentifier: 'b' }] }, ['b']],
    ['a message that was not in the batch', { batchItemFailures: [{ itemIdentifier: 'z' }] }, ['a', 'b']],
    ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }, ['a', 'b']],
    ['another shape', { batchItemFailures: 'b' }, ['a', 'b']],
  ])('%s', (_name, answer, failed) => {
    expect([...failedIn(answer, batch)]).toEqual(failed);
  });
});
