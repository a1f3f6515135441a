import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readReadyFile, removeReadyFile, writeReadyFile } from '#infra/cli/ready-file';
import { openDataDirectory } from '#infra/local/data-directory';
import { aDirectory } from '../emulator/lambda/functions.ts';

let dir: Awaited<ReturnType<typeof aDirectory>>;
beforeEach(async () => {
  dir = await aDirectory();
});
afterEach(() => dir.remove());

test('a second stack on the same folder is refused, naming the running process', async () => {
  const held = await openDataDirectory(join(dir.dir, 'data'));
  const other = join(dir.dir, 'data', '..', 'data');
  await expect(openDataDirectory(other)).rejects.toThrow(`(process ${process.pid}) uses ${held.path}`);
  await held.release();
  await (await openDataDirectory(other)).release();
});

test('two folders are independent', async () => {
  const one = await openDataDirectory(join(dir.dir, 'one'));
  const two = await openDataDirectory(join(dir.dir, 'two'));
  await Promise.all([one.release(), two.release()]);
});

test('a holder that was killed without warning holds nothing', async () => {
  const module = join(import.meta.dirname, '../../infra/local/data-directory.ts');
  const code = `const { openDataDirectory } = await import(${JSON.stringify(module)});
    await openDataDirectory(${JSON.stringify(dir.dir)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await expect(openDataDirectory(dir.dir)).rejects.toThrow(`(process ${child.pid})`);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  await (await openDataDirectory(dir.dir)).release();
});

test('the ready file is readable by its owner only, until it is removed', async () => {
  const file = join(dir.dir, 'ready.json');
  const nowhere = 'http://127.0.0.1:9';
  const endpoints = { dynamodb: nowhere, sqs: nowhere, events: nowhere, secretsmanager: nowhere };
  const facts = { consoleUrl: nowhere, apiUrl: nowhere, apiToken: 't', busName: 'b', endpoints, pid: 1 };
  await writeReadyFile(file, facts);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readReadyFile(file)).toEqual(facts);
  await removeReadyFile(file);
  expect(await readReadyFile(file)).toBeNull();
});
