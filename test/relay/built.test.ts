/** The single file that is installed: built, moved out of the checkout, and run with nothing beside it. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildRelay } from '#infra/relay-bundle';
import { startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { type FakeCloud, fakeCloud } from './fake-cloud.ts';
import { dataFolder, relay, startProcess, writeConfiguration } from './relay-process.ts';
import { until } from './until.ts';

let program: readonly string[];
let cloud: FakeCloud;
let traveler: TravelerSimulator;
beforeAll(async () => {
  program = [await buildRelay(mkdtempSync(join(tmpdir(), 'relay-built-')))];
  cloud = await fakeCloud({ leaseMs: 60_000 });
  traveler = await startTravelerSimulator({ devices: 30, seed: 5 });
});
afterAll(async () => {
  await cloud.close();
  await traveler.stop();
});

test('enrols, runs, gathers, reports its status, rotates its key and stops', async () => {
  const dataDir = dataFolder();
  writeConfiguration(dataDir, {
    traveler: { url: traveler.url, credentials: traveler.credentials },
    console: { by: 'rest' },
    health: { port: 0 },
  });
  const enrolled = await relay(['enrol', cloud.url, cloud.token()], { dataDir, program });
  expect(enrolled).toMatchObject({ code: 0, error: '' });
  const running = startProcess(['run'], { dataDir, program });
  try {
    await until('the lease', () => cloud.lease.holder === 'relay-1', { ms: 20_000 });
    cloud.command({
      type: 'gather',
      runId: 'first',
      base: null,
      details: 'rotation',
      detailRefreshHours: 24,
      lastSyncEveryHours: 24,
      since: null,
      startedAt: Date.now(),
      attention: [],
    });
    await until('the gather', () => [...cloud.taken.values()].some(({ type }) => type === 'gatherEnd'), { ms: 20_000 });
    const status = await relay(['status'], { dataDir, program });
    expect(status).toMatchObject({ code: 0, error: '' });
    expect(status.out).toMatch(/ready +yes/);
    expect((await relay(['rotate-key'], { dataDir, program })).code).toBe(0);
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
    // Every line of its log is JSON, and there is no other output.
    const { out, error } = running.text();
    expect(out.trim().split('\n')).toHaveLength(running.lines.length);
    expect(error).toBe('');
  } finally {
    await running.kill('SIGKILL');
  }
}, 90_000);
