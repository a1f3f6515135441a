/** The state after a restart, a kill -9 of any process, or a caller that hangs up. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startServices } from '#infra/emulator/services/services';
import { sweepExpired } from '#infra/emulator/services/time-to-live';
import { aFolder, aModel, bodiesIn, clientsOf, queueArn, startStack, type TestStack } from './stack.ts';

let folder: { path: string; remove(): Promise<void> };
let cleanUp: (() => Promise<unknown>)[];
beforeEach(async () => {
  folder = await aFolder();
  cleanUp = [folder.remove];
});
afterEach(async () => {
  for (const step of cleanUp.reverse()) await step();
});

async function started(...given: Parameters<typeof startStack> extends [string, ...infer R] ? R : never): Promise<TestStack> {
  const stack = await startStack(folder.path, ...given);
  cleanUp.push(stack.stop);
  return stack;
}
const put = (pk: string) => new PutItemCommand({ TableName: 'Things', Item: { pk: { S: pk } } });
const get = (pk: string) => new GetItemCommand({ TableName: 'Things', Key: { pk: { S: pk } } });
const dynoxidePid = async () => Number(await readFile(join(folder.path, 'services', 'dynoxide.pid'), 'utf8'));
/** A process that has ended but whose parent has not yet collected it has no command line any more. */
const runs = async (pid: number) => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) !== '';

async function fill({ as, url, services }: TestStack): Promise<void> {
  const { dynamodb, sqs } = as('operator');
  await dynamodb.send(put('kept'));
  await sqs.send(new SendMessageCommand({ QueueUrl: url('work'), MessageBody: 'first' }));
  for (const [index, group] of ['a', 'a', 'b'].entries())
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: url('ordered.fifo'),
        MessageBody: `${group}${index}`,
        MessageGroupId: group,
        MessageDeduplicationId: `d${index}`,
      }),
    );
  await services.seedSecret('source', 'geheim');
}

async function expectFilled({ as, url }: Pick<TestStack, 'as' | 'url'>): Promise<void> {
  const clients = as('operator');
  expect((await clients.dynamodb.send(get('kept'))).Item).toBeDefined();
  expect(await bodiesIn(clients, url('work'))).toEqual(['first']);
  expect((await bodiesIn(clients, url('ordered.fifo'))).sort()).toEqual(['a0', 'b2']);
  expect((await clients.secrets.send(new GetSecretValueCommand({ SecretId: 'source' }))).SecretString).toBe('geheim');
}

describe('after a restart', () => {
  test('tables, queues and secrets are unchanged, at another address', async () => {
    const before = await started();
    await fill(before);
    await before.stop();
    await expectFilled(await started());
  });
  test('messages in progress are back at once, and their receives still count', async () => {
    const before = await started();
    await fill(before);
    expect(await bodiesIn(before.as('operator'), before.url('work'))).toEqual(['first']);
    await before.stop();
    const after = await started();
    const { Messages } = await after
      .as('operator')
      .sqs.send(new ReceiveMessageCommand({ QueueUrl: after.url('work'), MessageSystemAttributeNames: ['All'] }));
    expect(Messages).toMatchObject([{ Body: 'first', Attributes: { ApproximateReceiveCount: '2' } }]);
  });
  test('queues follow a changed template', async () => {
    await (await started()).stop();
    const after = await started({
      change: (model) => ({
        ...model,
        queues: model.queues.map((queue) => ({
          ...queue,
          attributes: { ...queue.attributes, ReceiveMessageWaitTimeSeconds: '7' },
        })),
      }),
    });
    const { Attributes } = await after
      .as('operator')
      .sqs.send(new GetQueueAttributesCommand({ QueueUrl: after.url('work'), AttributeNames: ['All'] }));
    expect(Attributes).toMatchObject({
      ReceiveMessageWaitTimeSeconds: '7',
      VisibilityTimeout: '3600',
      QueueArn: queueArn('work'),
    });
  });
  test('a table whose keys or indexes differ from the template stops the start', async () => {
    await (await started()).stop();
    const other = startStack(folder.path, {
      change: (model) => ({
        ...model,
        tables: model.tables.map(({ definition: { GlobalSecondaryIndexes, ...definition }, ...table }) => ({
          ...table,
          definition,
        })),
      }),
    });
    await expect(other).rejects.toThrow(/tables made from another template: Things: its indexes/);
    const same = await started();
    expect((await same.as('operator').dynamodb.send(new ScanCommand({ TableName: 'Things' }))).Items).toEqual([]);
  });
  test('the secret file is readable by its owner only', async () => {
    const stack = await started();
    await stack.services.seedSecret('source', 'geheim');
    expect((await stat(join(folder.path, 'services', 'secrets.json'))).mode & 0o777).toBe(0o600);
  });
});

/** The same stack in a separate process, to be killed. */
async function startApart(): Promise<{ child: ChildProcess; endpoint: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'stack-process.ts'), folder.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanUp.push(async () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const [endpoint] = await once(lines, 'line');
  return { child, endpoint: String(endpoint) };
}

describe('after kill -9', () => {
  test('of the whole stack, nothing acknowledged is lost and the database stops with it', async () => {
    const { child, endpoint } = await startApart();
    const clients = clientsOf(endpoint, 'operator');
    const url = (queue: string) => `${endpoint}/000000000000/${queue}`;
    const kept: string[] = [];
    async function write(index: number): Promise<void> {
      await clients.dynamodb.send(put(`k${index}`));
      const Entries = [{ Id: 'e', MessageBody: `k${index}` }];
      await clients.sqs.send(new SendMessageBatchCommand({ QueueUrl: url('work'), Entries }));
      kept.push(`k${index}`);
    }
    let next = 0;
    const writing = (async () => {
      while (next < 10_000) await write(next++);
    })().catch(() => undefined);
    await vi.waitFor(() => expect(kept.length).toBeGreaterThan(20), { timeout: 20_000 });
    const database = await dynoxidePid();
    expect(await runs(database)).toBe(true);
    child.kill('SIGKILL');
    await writing;
    for (const client of Object.values(clients)) client.destroy();
    await vi.waitFor(async () => expect(await runs(database)).toBe(false), { timeout: 5_000 });

    const after = await started();
    const { Items = [] } = await after.as('operator').dynamodb.send(new ScanCommand({ TableName: 'Things' }));
    const stored = Items.map(({ pk }) => pk?.S);
    const queued: string[] = [];
    for (let more = true; more; ) {
      const bodies = await bodiesIn(after.as('operator'), after.url('work'));
      queued.push(...bodies);
      more = bodies.length > 0;
    }
    expect(stored).toEqual(expect.arrayContaining(kept));
    expect(queued).toEqual(expect.arrayContaining(kept));
    // The one that was in progress when it happened may be there too; nothing is there twice.
    expect(new Set(queued).size).toBe(queued.length);
    expect(queued.length).toBeLessThanOrEqual(kept.length + 1);
  });
  test('of the database alone, it restarts on its data and callers just retry', async () => {
    const problems: string[] = [];
    const stack = await started({}, { onProblem: (says) => problems.push(says) });
    const { dynamodb } = clientsOf(stack.endpoint, 'operator', 6);
    cleanUp.push(async () => dynamodb.destroy());
    await dynamodb.send(put('kept'));
    process.kill(await dynoxidePid(), 'SIGKILL');
    expect((await dynamodb.send(get('kept'))).Item).toBeDefined();
    expect(problems).toEqual([expect.stringContaining('ended unexpectedly')]);
  });
  test('of stack and database shell, the next start ends the leftovers', async () => {
    const { child, endpoint } = await startApart();
    const { dynamodb } = clientsOf(endpoint, 'operator');
    await dynamodb.send(put('kept'));
    dynamodb.destroy();
    const database = await dynoxidePid();
    const [, , , parent] = (await readFile(`/proc/${database}/stat`, 'utf8')).split(' ');
    for (const pid of await family(Number(parent))) if (pid !== database) process.kill(pid, 'SIGKILL');
    child.kill('SIGKILL');
    const after = await started();
    expect(await dynoxidePid()).not.toBe(database);
    expect(await runs(database)).toBe(false);
    expect((await after.as('operator').dynamodb.send(get('kept'))).Item).toBeDefined();
  });
});

/** A process and its children. */
async function family(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return [...children.trim().split(' ').map(Number), pid];
}

describe('a message', () => {
  const receive = (stack: TestStack, WaitTimeSeconds = 0) =>
    new ReceiveMessageCommand({ QueueUrl: stack.url('work'), WaitTimeSeconds, MessageSystemAttributeNames: ['All'] });

  test('that is returned is available again at once, also after a restart', async () => {
    const stack = await started();
    await fill(stack);
    const { sqs } = stack.as('operator');
    const [message] = (await sqs.send(receive(stack))).Messages ?? [];
    const ReceiptHandle = message?.ReceiptHandle;
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: stack.url('work'), ReceiptHandle, VisibilityTimeout: 0 }));
    expect(await bodiesIn(stack.as('operator'), stack.url('work'))).toEqual(['first']);
  });
  test('received too often is in the dead-letter queue, also after a restart', async () => {
    const stack = await started();
    await fill(stack);
    const { sqs } = stack.as('operator');
    for (let time = 0; time < 2; time++) {
      const [message] = (await sqs.send(receive(stack))).Messages ?? [];
      const ReceiptHandle = message?.ReceiptHandle;
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: stack.url('work'), ReceiptHandle, VisibilityTimeout: 0 }));
    }
    expect((await sqs.send(receive(stack))).Messages).toBeUndefined();
    await stack.stop();
    const after = await started();
    expect(await bodiesIn(after.as('operator'), after.url('dead'))).toEqual(['first']);
    expect(await bodiesIn(after.as('operator'), after.url('work'))).toEqual([]);
  });
  test('received by a caller that has hung up stays for the next', async () => {
    const stack = await started();
    const { sqs } = stack.as('operator');
    const roundTrip = () =>
      sqs.send(new GetQueueAttributesCommand({ QueueUrl: stack.url('work'), AttributeNames: ['QueueArn'] }));
    const waiting = request(stack.endpoint, { method: 'POST', headers: { 'x-amz-target': 'AmazonSQS.ReceiveMessage' } });
    const hungUp = once(waiting, 'error');
    await new Promise<void>((sent) => waiting.end(JSON.stringify({ QueueUrl: stack.url('work'), WaitTimeSeconds: 20 }), sent));
    await roundTrip();
    waiting.destroy(new Error('no more patience'));
    await hungUp;
    await roundTrip();
    await sqs.send(new SendMessageCommand({ QueueUrl: stack.url('work'), MessageBody: 'late' }));
    const [message] = (await sqs.send(receive(stack, 5))).Messages ?? [];
    expect(message?.Body).toBe('late');
    expect(message?.Attributes?.ApproximateReceiveCount).toBe('2');
  });
  test('wakes a waiting receiver when it is sent', async () => {
    const stack = await started();
    const waiting = bodiesIn(stack.as('operator'), stack.url('work'), 20);
    const sent = performance.now();
    await stack.as('portal').sqs.send(new SendMessageCommand({ QueueUrl: stack.url('work'), MessageBody: 'now' }));
    expect(await waiting).toEqual(['now']);
    expect(performance.now() - sent).toBeLessThan(5_000);
  });
});

test('items past their time to live are deleted, others are kept', async () => {
  const stack = await started();
  const { dynamodb } = stack.as('operator');
  const expiring = (pk: string, at: number) =>
    new PutItemCommand({ TableName: 'Things', Item: { pk: { S: pk }, expiresAt: { N: String(at) } } });
  for (const command of [expiring('past', 99), expiring('now', 100), expiring('future', 101), put('forever')])
    await dynamodb.send(command);
  expect(await sweepExpired(dynamodb, aModel(stack.endpoint).tables, 100)).toBe(1);
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: 'Things' }));
  expect(Items.map(({ pk }) => pk?.S).sort()).toEqual(['forever', 'future', 'now']);
});

test('DYNAMODB_ENDPOINT replaces the database behind the same address, and starts none', async () => {
  const other = await started();
  const second = await aFolder();
  cleanUp.push(second.remove);
  const stack = await startStack(second.path, {}, { dynamodbEndpoint: other.endpoint });
  cleanUp.push(stack.stop);
  await stack.as('operator').dynamodb.send(put('kept'));
  expect((await other.as('operator').dynamodb.send(get('kept'))).Item).toBeDefined();
  await expect(stat(join(second.path, 'services', 'dynoxide.pid'))).rejects.toThrow();
});

test('a port in use is an error, and no process remains', async () => {
  const stack = await started();
  const second = await aFolder();
  cleanUp.push(second.remove);
  const again = startServices(aModel(stack.endpoint), {
    dataDir: second.path,
    endpoint: stack.endpoint,
    invoke: async () => null,
  });
  await expect(again).rejects.toThrow(/EADDRINUSE/);
  await expect(readFile(join(second.path, 'services', 'dynoxide.pid'))).rejects.toThrow();
});
