/** The relay as a process: enrolled, running, monitored, stopped, killed. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeCloud, fakeCloud } from './fake-cloud.ts';
import { dataFolder, type RelayProcess, relay, startProcess, writeConfiguration } from './relay-process.ts';
import { until } from './until.ts';

let cloud: FakeCloud;
let dataDir: string;
let running: RelayProcess[];

beforeEach(async () => {
  cloud = await fakeCloud();
  dataDir = dataFolder();
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((each) => each.kill('SIGKILL')));
  await cloud.close();
});

function run(environment: NodeJS.ProcessEnv = {}): RelayProcess {
  const started = startProcess(['run'], { dataDir, environment });
  running.push(started);
  return started;
}
const pings = () => cloud.received.filter(({ message }) => message.type === 'ping').length;

async function enrolled(): Promise<void> {
  writeConfiguration(dataDir);
  const { code, error } = await relay(['enrol', cloud.url, cloud.token()], { dataDir });
  expect({ code, error }).toEqual({ code: 0, error: '' });
}

describe('relay enrol', () => {
  test('enrols the relay, and stores its key readable by its owner only', async () => {
    const { code, out } = await relay(['enrol', cloud.url, cloud.token('acme')], { dataDir });
    expect(code).toBe(0);
    expect(out).toContain('Enrolled as relay-1 for the source acme.');
    const file = join(dataDir, 'identity.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { d } = JSON.parse(readFileSync(file, 'utf8')).key;
    expect(out).not.toContain(d);
  });

  test('says what to do about an invalid token, and leaves nothing behind', async () => {
    const { code, error } = await relay(['enrol', cloud.url, 'not-a-token'], { dataDir });
    expect(code).toBe(1);
    expect(error).toContain('This token is not good');
    expect(error).toContain('Make a new token in the console');
    expect(error).not.toContain('not-a-token');
    expect(existsSync(join(dataDir, 'identity.json'))).toBe(false);
  });

  test('replaces an identity only with --again', async () => {
    await enrolled();
    const token = cloud.token();
    const refused = await relay(['enrol', cloud.url, token], { dataDir });
    expect(refused.code).toBe(1);
    expect(refused.error).toContain('--again');
    const { code, out } = await relay(['enrol', cloud.url, token, '--again'], { dataDir });
    expect(code).toBe(0);
    expect(out).toContain('relay-2');
  });

  test('sends no token in clear text to another machine', async () => {
    const { code, error } = await relay(['enrol', 'http://cloud.example', 'a-token'], { dataDir });
    expect(code).toBe(1);
    expect(error).toContain('clear text');
  });

  test('names the cause when the cloud cannot be reached', async () => {
    const { code, error } = await relay(['enrol', 'http://127.0.0.1:9', 'a-token'], { dataDir });
    expect(code).toBe(1);
    expect(error).toContain('ECONNREFUSED');
  });
});

describe('relay run', () => {
  test('says what is missing before it starts', async () => {
    const { code, error } = await relay(['run'], { dataDir });
    expect(code).toBe(1);
    expect(error).toContain('not enrolled');
    await relay(['enrol', cloud.url, cloud.token()], { dataDir });
    const without = await relay(['run'], { dataDir });
    expect(without.code).toBe(1);
    expect(without.error).toContain('relay.json cannot be read');
  });

  test('connects, gets the lease, renews it with heartbeats, and is ready', async () => {
    await enrolled();
    const process_ = run();
    await until('heartbeats', () => pings() > 3);
    expect(cloud.handshakes).toEqual(['taken']);
    expect(cloud.lease).toMatchObject({ holder: 'relay-1', fence: 1 });
    const status = await relay(['status', '--json'], { dataDir });
    expect(status.code).toBe(0);
    expect(JSON.parse(status.out)).toMatchObject({ ready: true, lease: 'holding', fence: 1, relayId: 'relay-1' });
    const words = await relay(['status'], { dataDir });
    expect(words.out).toMatch(/ready +yes/);
    expect(words.out).toMatch(/lease +held \(fence 1\)/);
    const { out } = process_.text();
    expect(out).not.toContain('never shown');
  });

  test('says goodbye and ends within seconds when stopped', async () => {
    await enrolled();
    const process_ = run();
    await until('heartbeats', () => pings() > 0);
    const before = performance.now();
    process_.child.kill('SIGTERM');
    const { code } = await process_.ended;
    expect(code).toBe(0);
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(cloud.received.at(-1)?.message).toMatchObject({ type: 'goodbye', reason: 'stop' });
    expect(cloud.lease.holder).toBeNull();
    const { code: none, error } = await relay(['status'], { dataDir });
    expect(none).toBe(1);
    expect(error).toContain('No relay runs');
  });
});
