/** `npm start` as a program: what it writes, refuses, survives and leaves behind. One stack, through its whole life. */
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readReadyFile } from '#infra/cli/ready-file';
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
function runCli(args: string[]): Promise<{ code: number; output: string }> {
  const env = { ...process.env, EXTENDER_API: '', EXTENDER_TOKEN: '', NO_COLOR: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, ['infra/cli/main.ts', ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}
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

test('a first gather begins at once, unrequested', () => devicesKnown(21));

test('the ready file and its copy are readable by their owner only', async () => {
  expect(statSync(`${dataDir}.ready.json`).mode & 0o777).toBe(0o600);
  expect(statSync(join(dataDir, 'ready.json')).mode & 0o777).toBe(0o600);
  expect(await readReadyFile(join(dataDir, 'ready.json'))).toMatchObject({ pid: stack.child.pid, busName: stack.busName });
});

test('the console is open to anybody on this machine, the API needs the token', async () => {
  const page = await fetch(stack.consoleUrl);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  expect((await stack.api('/status')).status).toBe(200);
  expect((await stack.api('/status', { token: 'other' })).status).toBe(401);
});

test('everything listens on the loopback address only', () => {
  const addresses = listeningOn(familyOf(stack.child.pid ?? 0));
  expect(addresses.length).toBeGreaterThan(5);
  expect(new Set(addresses)).toEqual(new Set(['0100007F']));
});

test('passwords appear neither on the terminal nor in logs; tokens only in the link', () => {
  expect(stack.output()).not.toContain('Geheim-4711');
  expect(stack.output().split(stack.apiToken)).toHaveLength(2);
  expect(stack.output()).toContain(stack.consoleUrl);
});

test('functions get no password: their configuration names the secret', () => {
  const configuration = readFileSync(join(dataDir, 'app/bundles/gather/configuration.json'), 'utf8');
  expect(configuration).toContain('"secretName":"traveler-extender/source/cloud"');
  expect(configuration).not.toContain('Geheim-4711');
});

test('the terminal shows the gather in one line', async () => {
  await eventually(async () => (stack.output().includes('cloud: gather completed: 21 devices in ') ? true : null));
});

describe('the command line', () => {
  const extender = (...args: string[]) => runCli(['--data', dataDir, ...args]);
  const user = () => simulator.deviceAt(0).user;
  const deviceId = () => simulator.deviceAt(0).deviceId;

  test('finds the running stack by its data folder and shows sources and devices', async () => {
    const status = await extender('status');
    expect(status).toMatchObject({ code: 0, output: expect.stringMatching(/cloud +ok +21 +completed in/) });
    const devices = await extender('devices', '--source', 'cloud');
    expect(devices.output.trim().split('\n')).toHaveLength(22);
  });

  test('prints what the API returns, as JSON', async () => {
    const { output } = await extender('devices', '--user', user(), '--json');
    expect(JSON.parse(output).devices.map((device: { deviceId: string }) => device.deviceId)).toContain(deviceId());
  });

  test('gathers, and reports the result', async () => {
    const { code, output } = await extender('gather', 'cloud');
    expect([code, output]).toEqual([0, expect.stringMatching(/^completed: 21 devices in .* requests\n$/)]);
  });

  test('blocks a device of a user with slashes in the name, permanently', async () => {
    expect((await extender('block', 'cloud', user(), deviceId(), '--reason', 'lost', '--by', 'Ada')).code).toBe(0);
    await eventually(async () => (simulator.deviceAt(0).approval === 8 ? true : null), { what: 'The block on the server' });
    const { output } = await extender('device', 'cloud', user(), deviceId());
    expect(output).toContain('Ada: lost');
  });

  test('reports what the API rejected, and fails', async () => {
    const { code, output } = await extender('gather', 'nowhere');
    expect([code, output]).toEqual([1, expect.stringContaining('no source of this id is configured')]);
  });

  test('says so where no stack runs', async () => {
    const { code, output } = await runCli(['--data', folder.path, 'status']);
    expect([code, output]).toEqual([1, expect.stringContaining('No stack runs')]);
  });
});

test('a second stack on the same data folder is refused, and the first continues', async () => {
  const { code, output } = await runMain(['--config', `${dataDir}.config.json`, '--data', dataDir, '--port', '0']);
  expect(code).toBe(2);
  expect(output).toContain(`Another local stack (process ${stack.child.pid})`);
  expect((await stack.api('/status')).status).toBe(200);
});

test('after kill -9 no process remains, and a restart keeps state and token', async () => {
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

test('SIGTERM ends everything within ten seconds and removes the ready files', async () => {
  const family = familyOf(stack.child.pid ?? 0);
  const begun = Date.now();
  expect(await stack.stop()).toBe(0);
  expect(Date.now() - begun).toBeLessThan(10_000);
  await vi.waitFor(() => expect(alive(family)).toEqual([]), 5000);
  expect(await readReadyFile(join(dataDir, 'ready.json'))).toBeNull();
  expect(await readReadyFile(`${dataDir}.ready.json`)).toBeNull();
});

test('a port in use is an error, and no process is left running', async () => {
  const port = String(simulator.port);
  const { code, output } = await runMain([
    '--config',
    `${dataDir}.config.json`,
    '--data',
    join(folder.path, 'other'),
    '--port',
    port,
  ]);
  expect([code, output]).toEqual([2, expect.stringContaining(`Port ${port} of 127.0.0.1 is taken`)]);
}, 60_000);

test('without the demo and without a configuration there is nothing to start', async () => {
  const { code, output } = await runMain(['--no-demo', '--data', join(folder.path, 'other')]);
  expect(code).toBe(2);
  expect(output).toContain('--config FILE');
});
