/** `npm start` as a program: what it writes, refuses, survives and leaves behind. One stack, through its life. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readReadyFile } from '#infra/local/ready-file';
import { startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { eventually, runMain, type Stack, startStack, temporaryFolder } from '#test/fixtures/stack';
import { alive, familyOf, listeningOn } from './processes.ts';

const folder = temporaryFolder();
const dataDir = join(folder.path, 'data');
let simulator: TravelerSimulator;
let stack: Stack;

const start = () =>
  startStack({
    dataDir,
    config: {
      sources: [
        { id: 'cloud', kind: 'smartcloud', url: simulator.url, credentials: { user: 'extender', password: 'Geheim-4711' } },
      ],
    },
  });
const devicesKnown = (count: number) =>
  eventually(async () => ((await stack.devices()).length === count ? true : null), { what: `${count} devices` });

beforeAll(async () => {
  simulator = await startTravelerSimulator({ devices: 21, password: 'Geheim-4711' });
  stack = await start();
}, 120_000);
afterAll(async () => {
  await stack?.kill();
  await simulator?.stop();
  folder.remove();
});

test('a first gather begins at once, without anybody asking for it', () => devicesKnown(21));

test('the ready file and its copy in the data folder are the owner’s alone', async () => {
  expect(statSync(`${dataDir}.ready.json`).mode & 0o777).toBe(0o600);
  expect(statSync(join(dataDir, 'ready.json')).mode & 0o777).toBe(0o600);
  expect(await readReadyFile(join(dataDir, 'ready.json'))).toMatchObject({ pid: stack.child.pid, busName: stack.busName });
});

test('the console is for anybody on this machine, the API for who has the token', async () => {
  const page = await fetch(stack.consoleUrl);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  expect((await stack.api('/status')).status).toBe(200);
  expect((await stack.api('/status', { token: 'other' })).status).toBe(401);
});

test('nothing listens but on the loopback address', () => {
  const addresses = listeningOn(familyOf(stack.child.pid ?? 0));
  expect(addresses.length).toBeGreaterThan(5);
  expect(new Set(addresses)).toEqual(new Set(['0100007F']));
});

test('passwords appear neither on the terminal nor in a log, the token only in the link', () => {
  expect(stack.output()).not.toContain('Geheim-4711');
  expect(stack.output().split(stack.apiToken)).toHaveLength(2);
  expect(stack.output()).toContain(stack.consoleUrl);
});

test('functions get no password: their configuration names the secret', () => {
  const configuration = readFileSync(join(dataDir, 'app/bundles/gather/configuration.json'), 'utf8');
  expect(configuration).toContain('"secretName":"traveler-extender/source/cloud"');
  expect(configuration).not.toContain('Geheim-4711');
});

test('a second stack on the same data folder is refused, and the first goes on', async () => {
  const { code, output } = await runMain(['--config', `${dataDir}.config.json`, '--data', dataDir, '--port', '0']);
  expect(code).toBe(2);
  expect(output).toContain(`Another local stack (process ${stack.child.pid})`);
  expect((await stack.api('/status')).status).toBe(200);
});

test('after kill -9 no process remains, and a new start has the state and the token of the old one', async () => {
  const family = familyOf(stack.child.pid ?? 0);
  expect(family.length).toBeGreaterThan(5);
  const { apiToken } = stack;
  await stack.kill();
  await vi.waitFor(() => expect(alive(family)).toEqual([]), 5000);
  simulator.setFaults([{ kind: 'status', code: 503 }]);
  stack = await start();
  expect(await stack.devices()).toHaveLength(21);
  expect((await stack.api('/status', { token: apiToken })).status).toBe(200);
}, 60_000);

test('SIGTERM ends everything within ten seconds, and nobody is told of a stack that is gone', async () => {
  const family = familyOf(stack.child.pid ?? 0);
  const begun = Date.now();
  expect(await stack.stop()).toBe(0);
  expect(Date.now() - begun).toBeLessThan(10_000);
  await vi.waitFor(() => expect(alive(family)).toEqual([]), 5000);
  expect(await readReadyFile(join(dataDir, 'ready.json'))).toBeNull();
  expect(await readReadyFile(`${dataDir}.ready.json`)).toBeNull();
});

test('without the demo and without a configuration there is nothing to start', async () => {
  const { code, output } = await runMain(['--no-demo', '--data', join(folder.path, 'other')]);
  expect(code).toBe(2);
  expect(output).toContain('--config FILE');
});
