/** The relay killed at any moment, and restarted. */
import { readFileSync } from 'node:fs';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { randomOf } from '#test/histories/random';
import { type FakeCloud, fakeCloud } from './fake-cloud.ts';
import { dataFolder, type RelayProcess, relay, startProcess, writeConfiguration } from './relay-process.ts';
import { until } from './until.ts';

let cloud: FakeCloud;
let dataDir: string;
let process_: RelayProcess;

beforeEach(async () => {
  cloud = await fakeCloud({ leaseMs: 60_000 });
  dataDir = dataFolder();
  writeConfiguration(dataDir);
  const { code, error } = await relay(['enrol', cloud.url, cloud.token()], { dataDir });
  expect({ code, error }).toEqual({ code: 0, error: '' });
  process_ = startProcess(['run'], { dataDir });
});
afterEach(async () => {
  await process_.kill('SIGKILL');
  await cloud.close();
});
const connectedAgain = async (than: number) => until('a new connection', () => cloud.connections > than, { ms: 20_000 });

describe('kill -9 at any moment', () => {
  test('loses no command, and uses no number twice', async () => {
    const random = randomOf(42);
    const runs: string[] = [];
    for (let life = 0; life < 4; life++) {
      await connectedAgain(life);
      for (let i = 0; i < 10; i++) {
        const runId = `life ${life} run ${i}`;
        runs.push(runId);
        cloud.command({
          type: 'settings',
          wishId: runId,
          requireApproval: true,
          devicesBeforeApproval: 1,
        });
        await new Promise((resolve) => setTimeout(resolve, random.between(0, 10)));
      }
      await process_.kill('SIGKILL');
      process_ = startProcess(['run'], { dataDir });
    }
    await until('all commands are acknowledged', () => cloud.unacknowledged.size === 0, { ms: 30_000 });
    const contents = new Map<number, string>();
    for (const { message } of cloud.received) {
      const content = JSON.stringify(message);
      expect(contents.get(message.n) ?? content).toBe(content);
      contents.set(message.n, content);
    }
    expect(new Set(cloud.handshakes)).toEqual(new Set(['taken']));
    expect(runs).toHaveLength(40);
  }, 120_000);

  test('leaves no lock behind, while a running relay excludes a second one', async () => {
    await connectedAgain(0);
    const second = await relay(['run'], { dataDir });
    expect(second.code).toBe(1);
    expect(second.error).toContain(`Another relay runs on ${dataDir} (process ${process_.child.pid})`);
    await process_.kill('SIGKILL');
    process_ = startProcess(['run'], { dataDir });
    await connectedAgain(1);
  }, 60_000);
});

describe('a new key', () => {
  test('needs no restart: the next connection uses it', async () => {
    await connectedAgain(0);
    const { code, out } = await relay(['rotate-key'], { dataDir });
    expect(code).toBe(0);
    expect(out).toContain('has a new key');
    expect(cloud.connections).toBe(1);
    const keys = cloud.relays.get('relay-1')?.keys ?? [];
    expect(keys).toHaveLength(2);
    // The old one has reached the end of its life.
    for (const key of keys.slice(0, 1)) key.until = Date.now();
    cloud.cut();
    await connectedAgain(1);
    expect(cloud.handshakes.at(-1)).toBe('taken');
  }, 60_000);

  test('whose response was lost is found by trying', async () => {
    await connectedAgain(0);
    await process_.kill('SIGKILL');
    cloud.loseAnswers = true;
    const lost = await relay(['rotate-key'], { dataDir });
    expect(lost.code).toBe(1);
    cloud.loseAnswers = false;
    const keys = cloud.relays.get('relay-1')?.keys ?? [];
    expect(keys).toHaveLength(2);
    for (const key of keys.slice(0, 1)) key.until = Date.now();
    process_ = startProcess(['run'], { dataDir });
    await connectedAgain(1);
    expect(cloud.handshakes.slice(-2)).toEqual(['unknown-key', 'taken']);
    cloud.cut();
    await connectedAgain(2);
    expect(cloud.handshakes.at(-1)).toBe('taken');
  }, 60_000);
});

test('the log level changes at run time, by signal or health endpoint', async () => {
  await connectedAgain(0);
  const level = (to: string) => () => process_.lines.some((line) => line.msg === 'log level changed' && line.to === to);
  process_.child.kill('SIGUSR2');
  await until('debug', level('debug'));
  const { healthUrl, token } = JSON.parse(readFileSync(`${dataDir}/running.json`, 'utf8'));
  const post = (headers: Record<string, string>, body: string) =>
    fetch(`${healthUrl}/log-level`, { method: 'POST', headers, body });
  expect((await post({}, '{"level":"warn"}')).status).toBe(401);
  expect((await post({ authorization: `Bearer ${token}` }, '{"level":"loud"}')).status).toBe(400);
  expect((await post({ authorization: `Bearer ${token}` }, '{"level":"error"}')).status).toBe(200);
  process_.child.kill('SIGUSR2');
  await until('debug again', () => process_.lines.filter((line) => line.to === 'debug').length === 2);
  const foreign = await request(`${healthUrl}/ready`, { headers: { host: 'evil.example' } });
  expect(foreign.statusCode).toBe(421);
  expect((await fetch(`${healthUrl}/status`)).status).toBe(401);
  expect((await fetch(`${healthUrl}/nothing`)).status).toBe(404);
  const metrics = await (await fetch(`${healthUrl}/metrics`)).text();
  expect(metrics).toContain('relay_connected 1');
  expect(metrics).toContain('relay_process_resident_memory_bytes');
});
