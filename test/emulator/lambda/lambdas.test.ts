import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Lambdas } from '#infra/emulator/lambda/lambdas';
import type { FunctionResource } from '#infra/emulator/model';
import { aDirectory, aFunction, arnOf, run } from './functions.ts';

let dir: string;
let cleanUp: (() => Promise<void>)[];
beforeEach(async () => {
  const made = await aDirectory();
  dir = made.dir;
  cleanUp = [made.remove];
});
afterEach(async () => {
  for (const step of cleanUp.reverse()) await step();
});

async function started(functions: FunctionResource[], options = {}): Promise<Lambdas> {
  const lambdas = await run(functions, dir, options);
  cleanUp.push(lambdas.stop);
  return lambdas;
}
const invoke = (lambdas: Lambdas, name: string, event: unknown = {}) => lambdas.invoke(arnOf(name), event);
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('an invocation', () => {
  test('gives the handler its event and a context, and returns its result', async () => {
    const code = `export const handler = async (event, context) => ({
      event, left: context.getRemainingTimeInMillis(), arn: context.invokedFunctionArn, id: context.awsRequestId, name: context.functionName })`;
    const lambdas = await started([await aFunction(dir, code, { name: 'echo', timeoutSeconds: 7 })]);
    const result = await invoke(lambdas, 'echo', { text: 'Zoë/Ängström', n: 1 });
    expect(result).toMatchObject({ event: { text: 'Zoë/Ängström', n: 1 }, arn: arnOf('echo'), name: 'echo' });
    const { left, id } = result as { left: number; id: string };
    expect(left).toBeGreaterThan(6000);
    expect(left).toBeLessThanOrEqual(7000);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("sees the environment of its function and platform, and not the developer's", async () => {
    process.env.DEVELOPER_SECRET = 'mine';
    cleanUp.push(async () => {
      delete process.env.DEVELOPER_SECRET;
    });
    const code = 'export const handler = async () => process.env';
    const fn = await aFunction(dir, code, { name: 'env', environment: { CONTROL_TABLE: 'control' }, memoryMb: 256 });
    const env = await invoke(await started([fn]), 'env');
    expect(env).toMatchObject({
      CONTROL_TABLE: 'control',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'env',
      AWS_LAMBDA_FUNCTION_NAME: 'env',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9',
    });
    expect(env).not.toHaveProperty('DEVELOPER_SECRET');
    expect(env).not.toHaveProperty('PATH');
    expect(env).not.toHaveProperty('HOME');
  });

  test('rejects with the error of the handler, and the process stays alive', async () => {
    const code = `let calls = 0;
      export const handler = async ({ fail }) => { calls++; if (fail) throw new RangeError('no such page'); return { calls, pid: process.pid } }`;
    const lambdas = await started([await aFunction(dir, code, { name: 'fails' })]);
    await expect(invoke(lambdas, 'fails', { fail: true })).rejects.toMatchObject({
      kind: 'function',
      errorType: 'RangeError',
      message: 'fails: no such page',
    });
    expect(await invoke(lambdas, 'fails')).toMatchObject({ calls: 2, pid: lambdas.processes().fails?.[0] });
  });

  test('is rejected when its answer is larger than Lambda allows', async () => {
    const code = `export const handler = async () => 'x'.repeat(7 * 1024 * 1024)`;
    const lambdas = await started([await aFunction(dir, code, { name: 'large' })]);
    await expect(invoke(lambdas, 'large')).rejects.toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
  });

  test("writes the handler's output to the log of its function", async () => {
    const code = `export const handler = async () => { console.log('gathered 700 devices'); }`;
    const lambdas = await started([await aFunction(dir, code, { name: 'prints' })]);
    await invoke(lambdas, 'prints');
    await vi.waitFor(async () => expect(await readFile(join(dir, 'logs/prints.log'), 'utf8')).toContain('gathered 700 devices'));
  });
});

describe('a faulty process', () => {
  test('is killed at its timeout, even in an endless loop, and replaced', async () => {
    const code = `export const handler = async ({ hang }) => { while (hang); return process.pid }`;
    const lambdas = await started([await aFunction(dir, code, { name: 'hangs', timeoutSeconds: 1 })]);
    const first = await invoke(lambdas, 'hangs');
    await expect(invoke(lambdas, 'hangs', { hang: true })).rejects.toMatchObject({
      kind: 'time-out',
      message: expect.stringContaining('Task timed out after 1.00 seconds'),
    });
    expect(await invoke(lambdas, 'hangs')).not.toBe(first);
    await vi.waitFor(() => expect(alive(first as number)).toBe(false));
  });

  test('that crashes fails its own invocation only', async () => {
    const code = `export const handler = async ({ crash }) => { if (crash) process.exit(3); return 'well' }`;
    const lambdas = await started([await aFunction(dir, code, { name: 'crashes' })]);
    await expect(invoke(lambdas, 'crashes', { crash: true })).rejects.toMatchObject({
      kind: 'exit',
      errorType: 'Runtime.ExitError',
    });
    expect(await invoke(lambdas, 'crashes')).toBe('well');
  });

  test('that exceeds its memory ends as a crash', async () => {
    const code = `export const handler = async () => { const kept = []; for (;;) kept.push(new Array(100_000).fill({})); }`;
    const lambdas = await started([await aFunction(dir, code, { name: 'greedy', memoryMb: 128 })]);
    await expect(invoke(lambdas, 'greedy')).rejects.toMatchObject({ kind: 'exit' });
  });

  test('whose bundle cannot be loaded is reported by name at warm-up', async () => {
    const code = `throw new Error('CONTROL_TABLE is missing')`;
    const lambdas = await started([await aFunction(dir, code, { name: 'broken' })]);
    await expect(lambdas.warm()).rejects.toThrow('broken: CONTROL_TABLE is missing');
    await expect(invoke(lambdas, 'broken')).rejects.toThrow('CONTROL_TABLE is missing');
  });

  test('whose bundle exports no such handler says so', async () => {
    const lambdas = await started([await aFunction(dir, 'export const other = 1', { name: 'nameless' })]);
    await expect(invoke(lambdas, 'nameless')).rejects.toMatchObject({ errorType: 'Runtime.HandlerNotFound' });
  });
});

describe('concurrency', () => {
  const meeting = `export const handler = async ({ at }) => {
    const left = at - Date.now(); await new Promise((resolve) => setTimeout(resolve, Math.max(0, left))); return process.pid }`;

  test('parallel invocations run in separate processes, which are reused', async () => {
    const lambdas = await started([await aFunction(dir, meeting, { name: 'parallel' })]);
    const at = Date.now() + 1500;
    const pids = await Promise.all([1, 2, 3].map(() => invoke(lambdas, 'parallel', { at })));
    expect(new Set(pids).size).toBe(3);
    expect(pids).toContain(await invoke(lambdas, 'parallel', { at: 0 }));
  });

  test('above the reserved concurrency is throttled, as on AWS', async () => {
    const lambdas = await started([await aFunction(dir, meeting, { name: 'single', reservedConcurrency: 1 })]);
    const first = invoke(lambdas, 'single', { at: Date.now() + 500 });
    await expect(invoke(lambdas, 'single', { at: 0 })).rejects.toMatchObject({ kind: 'throttle' });
    await expect(first).resolves.toBeTypeOf('number');
  });

  test("above the machine's limit waits for a free process", async () => {
    const fn = await aFunction(dir, meeting, { name: 'queued' });
    const lambdas = await started([fn], { machineConcurrency: 2 });
    const pids = await Promise.all([1, 2, 3, 4, 5].map(() => invoke(lambdas, 'queued', { at: Date.now() + 100 })));
    expect(new Set(pids).size).toBe(2);
  });

  test('idle processes end after a while, except one', async () => {
    const lambdas = await started([await aFunction(dir, meeting, { name: 'quiet' })], { idleMs: 200 });
    await Promise.all([1, 2, 3].map(() => invoke(lambdas, 'quiet', { at: Date.now() + 300 })));
    await vi.waitFor(() => expect(lambdas.processes().quiet).toHaveLength(1), 5000);
  });
});

test('no process outlives a killed parent, not even during an invocation', async () => {
  const fn = await aFunction(dir, 'export const handler = async () => new Promise(() => setInterval(() => {}, 1000))', {
    name: 'orphan',
    timeoutSeconds: 60,
  });
  const script = join(import.meta.dirname, 'parent.ts');
  await writeFile(join(dir, 'function.json'), JSON.stringify(fn));
  const parent = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pids = await new Promise<number[]>((resolve) => parent.stdout.once('data', (line) => resolve(JSON.parse(String(line)))));
  expect(pids.map(alive)).toEqual([true]);
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect(pids.map(alive)).toEqual([false]), 5000);
});
