/** The whole relay in a separate process, between a cloud and a simulated Traveler server and Domino console. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { type FakeCloud, fakeCloud } from './fake-cloud.ts';
import { dataFolder, type RelayProcess, relay, startProcess, writeConfiguration } from './relay-process.ts';
import { until } from './until.ts';

let cloud: FakeCloud;
let traveler: TravelerSimulator;
let dataDir: string;
let process_: RelayProcess;

beforeEach(async () => {
  cloud = await fakeCloud({ leaseMs: 60_000 });
  traveler = await startTravelerSimulator({ devices: 120, seed: 3 });
  dataDir = dataFolder();
  writeConfiguration(dataDir, {
    traveler: { url: traveler.url, credentials: traveler.credentials },
    console: { by: 'command', command: traveler.console.command },
    health: { port: 0 },
  });
  await relay(['enrol', cloud.url, cloud.token('acme')], { dataDir });
  process_ = startProcess(['run'], { dataDir });
  await until('the lease', () => cloud.lease.holder === 'relay-1', { ms: 20_000 });
});
afterEach(async () => {
  await process_.kill('SIGKILL');
  await traveler.stop();
  await cloud.close();
});

const received = (type: string) => [...cloud.taken.values()].filter((message) => message.type === type);
/** The last gather counts as this very moment: in no time at all, no device is due for rotation. */
const gather = (runId: string, base: string | null) => {
  const startedAt = Date.now();
  cloud.command({
    type: 'gather',
    runId,
    base,
    details: 'rotation',
    detailRefreshHours: 24,
    lastSyncEveryHours: 24,
    since: base === null ? null : startedAt,
    attention: [],
    startedAt,
  });
};
const ended = async (runId: string) => {
  await until(
    `the end of ${runId}`,
    () => received('gatherEnd').some((message) => message.type === 'gatherEnd' && message.runId === runId),
    {
      ms: 30_000,
    },
  );
  const end = received('gatherEnd').find((message) => message.type === 'gatherEnd' && message.runId === runId);
  if (end?.type !== 'gatherEnd') throw new Error('no end');
  return end;
};
const devicesOf = (runId: string) =>
  received('gatherPart').flatMap((message) => (message.type === 'gatherPart' && message.runId === runId ? message.devices : []));

test('gathers, sends changes, acts over the console, and continues after a kill', async () => {
  gather('first', null);
  const first = await ended('first');
  const devices = devicesOf('first');
  expect(devices).toHaveLength(traveler.deviceCount);

  gather('second', first.digest);
  const second = await ended('second');
  expect(second.digest).toBe(first.digest);
  expect(devicesOf('second')).toEqual([]);

  const [device] = devices;
  if (!device) throw new Error('no device');
  const { user, deviceId, href } = device;
  cloud.command({
    type: 'action',
    actionId: 'block-1',
    attempt: 1,
    step: 'carry-out',
    what: 'block',
    target: { sourceId: 'acme', user, deviceId },
    href,
    requestedAt: Date.now(),
    expiresAt: Date.now() + 3_600_000,
    sent: false,
    liftDenial: false,
    lockBelongs: false,
  });
  await until('the result', () => received('actionResult').length === 1, { ms: 40_000 });
  expect(received('actionResult')[0]).toMatchObject({ actionId: 'block-1', outcome: { how: 'written' } });
  expect(traveler.console.effects.length).toBeGreaterThan(0);

  await process_.kill('SIGKILL');
  process_ = startProcess(['run'], { dataDir });
  await until('connected again', () => cloud.connections > 1, { ms: 20_000 });
  gather('third', second.digest);
  await ended('third');
  expect(devicesOf('third').map((each) => each.deviceId)).toEqual([deviceId]);
  // If it is killed before it records the acknowledgement, it redelivers: the same result of the same attempt.
  const results = received('actionResult').flatMap((message) =>
    message.type === 'actionResult' ? [JSON.stringify([message.actionId, message.attempt, message.outcome])] : [],
  );
  expect(new Set(results).size).toBe(1);

  const { out } = process_.text();
  expect(out).not.toContain(traveler.credentials.password);
  expect(out).not.toContain(user);
}, 120_000);
