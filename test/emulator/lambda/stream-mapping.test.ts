/** A table's stream to a function on the local stack: in order, nothing lost, through any failure or kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RunningMapping } from '#infra/emulator/lambda/event-source-mapping';
import { startStreamMapping } from '#infra/emulator/lambda/stream-mapping';
import type { Invoke, StreamMapping } from '#infra/emulator/model';
import { aFolder, bodiesIn, startStack, type TestStack } from '../services/stack.ts';
import { aReader, keysOf, names, putLines, putOthers, recordsOf, streaming, withStream } from './streams.ts';

let folder: Awaited<ReturnType<typeof aFolder>>;
let stack: TestStack;
let running: RunningMapping[];
beforeEach(async () => {
  folder = await aFolder();
  stack = await startStack(folder.path, { change: withStream() });
  running = [];
});
afterEach(async () => {
  for (const one of running) await one.stop();
  await stack.stop();
  await folder.remove();
});
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

function read(invoke: (event: unknown) => Promise<unknown>, given: Partial<StreamMapping> = {}) {
  const problems: string[] = [];
  const call: Invoke = (_, event) => invoke(event);
  const options = { ...aReader(stack.endpoint, folder.path), invoke: call, onProblem: (says: string) => problems.push(says) };
  const mapping = startStreamMapping(streaming(given), options);
  running.push(mapping);
  return { mapping, problems };
}

/** A function that records what it gets and answers what `answer` says. */
function noting(answer: (keys: string[], event: unknown) => unknown = () => null) {
  const batches: string[][] = [];
  const invoke = async (event: unknown) => {
    batches.push(keysOf(event));
    return answer(keysOf(event), event);
  };
  return { batches, seen: () => batches.flat(), invoke };
}

const failing = (event: unknown, pk: string) => ({
  batchItemFailures: recordsOf(event)
    .filter(({ dynamodb }) => dynamodb.NewImage.pk.S === pk)
    .map(({ dynamodb }) => ({ itemIdentifier: dynamodb.SequenceNumber })),
});

test('new items that match the filter arrive in order, in batches of its size', async () => {
  const { dynamodb } = stack.as('operator');
  await putLines(dynamodb, names(1, 4));
  await putOthers(dynamodb, 20);
  const reader = noting();
  read(reader.invoke, { batchSize: 3 });
  await putLines(dynamodb, names(5, 12));
  // Changed, not new.
  await putLines(dynamodb, names(1, 2));
  await putLines(dynamodb, names(13, 13));

  await vi.waitFor(() => expect(reader.seen()).toEqual(names(1, 13)));
  expect(Math.max(...reader.batches.map(({ length }) => length))).toBe(3);
});

test('after a restart it continues after the last acknowledged batch', async () => {
  const { dynamodb } = stack.as('operator');
  await putLines(dynamodb, names(1, 5));
  const first = noting();
  const { mapping } = read(first.invoke);
  await vi.waitFor(() => expect(first.seen()).toEqual(names(1, 5)));
  await mapping.stop();
  await putLines(dynamodb, names(6, 7));

  const second = noting();
  read(second.invoke);
  await vi.waitFor(() => expect(second.seen()).toEqual(names(6, 7)));
});

test('failures are retried from the first failed record, in order', async () => {
  const { dynamodb } = stack.as('operator');
  await putLines(dynamodb, names(1, 6));
  let failures = 0;
  const reader = noting((keys, event) => (keys.includes('line|003') && failures++ < 2 ? failing(event, 'line|003') : null));
  read(reader.invoke, { bisects: false });

  await vi.waitFor(() => expect(reader.batches).toEqual([names(1, 6), names(3, 6), names(3, 6)]));
});

test('a failing batch is halved to the failing record, which is dropped by name', async () => {
  const { dynamodb } = stack.as('operator');
  await putLines(dynamodb, names(1, 8));
  const reader = noting((keys) => {
    if (keys.includes('line|005')) throw new Error('poison');
    return null;
  });
  const { problems } = read(reader.invoke, { retryAttempts: 2 });

  const done = () => new Set(reader.batches.filter((keys) => !keys.includes('line|005')).flat());
  await vi.waitFor(() => expect([...done()]).toEqual([...names(1, 4), ...names(6, 8)]), { timeout: 5000 });
  expect(problems.at(-1)).toContain('given up');
  const [report = '{}'] = await bodiesIn(stack.as('operator'), stack.url('lost'), 2);
  expect(JSON.parse(report)).toMatchObject({
    DDBStreamBatchInfo: { batchSize: 1, startSequenceNumber: '5', endSequenceNumber: '5' },
  });
});

test('an outage drops no record and skips none', async () => {
  const { dynamodb } = stack.as('operator');
  await putLines(dynamodb, names(1, 4));
  let tries = 0;
  const reader = noting(() => {
    if (++tries < 5) throw new Error('the bus is away');
    return null;
  });
  read(reader.invoke, { retryAttempts: 10_000 });
  await putLines(dynamodb, names(5, 6));
  const laterKeys = () => reader.batches.slice(4).flat();
  await vi.waitFor(() => expect(laterKeys()).toEqual(names(1, 6)), { timeout: 5000 });
});

test('without permission to read the stream, nothing arrives and the permission is named', async () => {
  await stack.stop();
  stack = await startStack(folder.path, { change: withStream([]) });
  await putLines(stack.as('operator').dynamodb, names(1, 1));
  const reader = noting();
  const { problems } = read(reader.invoke);
  await vi.waitFor(() => expect(problems[0]).toContain('is not authorized to perform: dynamodb:ListStreams on resource:'));
  expect(reader.batches).toEqual([]);
});

test('killed with -9 repeatedly, it skips no record and continues after its checkpoint', async () => {
  const { dynamodb } = stack.as('operator');
  await putLines(dynamodb, names(1, 24));
  const seen: string[][] = [];
  const lives: number[] = [];
  for (let life = 0; life < 6 && seen.at(-1)?.at(-1) !== 'line|024'; life++) {
    lives.push(seen.length);
    const child = spawn(process.execPath, ['test/emulator/lambda/stream-reader-process.ts', stack.endpoint, folder.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const exited = once(child, 'exit');
    let batches = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      seen.push(line.split(' '));
      // Killed while its third batch is in progress.
      if (++batches === 3) child.kill('SIGKILL');
      if (line.endsWith('line|024')) child.kill('SIGKILL');
    }
    await exited;
  }
  expect([...new Set(seen.flat())]).toEqual(names(1, 24));
  for (const start of lives.slice(1)) {
    // The batch in progress at the kill is redelivered, and nothing before it.
    expect(seen[start]?.[0]).toBe(seen[start - 1]?.[0]);
  }
});

test('a table created without a stream gets one, and new items are read', async () => {
  await stack.stop();
  const other = await aFolder();
  const before = await startStack(other.path);
  await putLines(before.as('operator').dynamodb, names(1, 1));
  await before.stop();
  await folder.remove();
  folder = other;
  stack = await startStack(folder.path, { change: withStream() });
  await putLines(stack.as('operator').dynamodb, names(2, 3));
  const reader = noting();
  read(reader.invoke);
  await vi.waitFor(() => expect(reader.seen()).toEqual(names(2, 3)));
});

test('unreadable checkpoints are reported by name, and the stream is not restarted', async () => {
  const { dynamodb } = stack.as('operator');
  await putLines(dynamodb, names(1, 2));
  const file = join(folder.path, 'streams', 'Stream.json');
  await mkdir(file, { recursive: true });
  const reader = noting();
  const { problems } = read(reader.invoke);
  await vi.waitFor(() => expect(problems[0]).toContain(`${file} (how far a stream is read) cannot be read`));
  expect(reader.batches).toEqual([]);
  await rmdir(file);
  await vi.waitFor(() => expect(reader.seen()).toEqual(names(1, 2)), { timeout: 5000 });
});
