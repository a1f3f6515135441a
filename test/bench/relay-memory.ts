/**
 * Row 13: resident memory of a relay. The program as it is shipped, one bundled file, started as its service starts it, with
 * everything it has: socket, log, snapshot, journal, health endpoint. It gathers by REST from a simulator in another process.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ToCloud } from '#domain/relay/relay-protocol';
import { buildRelay } from '#infra/relay-bundle';
import { type FakeCloud, fakeCloud } from '#test/relay/fake-cloud';
import { dataFolder, relay, startProcess, writeConfiguration } from '#test/relay/relay-process';
import { until } from '#test/relay/until';
import { leanEnvironment } from '../../relay/lean-environment.ts';
import type { Row } from './row.ts';
import { forkSimulator, type SimulatorProcess } from './simulator-process.ts';

const markMb = 100;
const quarterHour = 15 * 60_000;
const unchangedGathers = 5;

export async function relayMemoryRow(devices = 20_000): Promise<Row> {
  const simulator = await forkSimulator(devices);
  const cloud = await fakeCloud({ leaseMs: 600_000 });
  const [dataDir, built] = [dataFolder(), mkdtempSync(join(tmpdir(), 'relay-bench-'))];
  try {
    const program = [await buildRelay(built)];
    return rowOf(devices, await measured({ simulator, cloud, dataDir, program }));
  } finally {
    await Promise.all([simulator.stop(), cloud.close()]);
    for (const folder of [dataDir, built]) rmSync(folder, { recursive: true, force: true });
  }
}

type World = { simulator: SimulatorProcess; cloud: FakeCloud; dataDir: string; program: readonly string[] };

async function measured({ simulator, cloud, dataDir, program }: World) {
  const { url, credentials } = simulator;
  writeConfiguration(dataDir, { traveler: { url, credentials }, console: { by: 'rest' }, health: { port: 0 } });
  await relay(['enrol', cloud.url, cloud.token('acme')], { dataDir, program });
  const process_ = startProcess(['run'], { dataDir, program, environment: { RELAY_TIMING: '{}', ...leanEnvironment } });
  try {
    await until('the lease of the relay', () => cloud.lease.holder !== null, { ms: 60_000 });
    const started = memoryOf(process_.child.pid);
    let base = await gather(cloud, { nth: 0, base: null });
    const first = memoryOf(process_.child.pid);
    for (let nth = 1; nth <= unchangedGathers; nth++) base = await gather(cloud, { nth, base });
    return { started, first, last: memoryOf(process_.child.pid) };
  } finally {
    await process_.kill('SIGKILL');
  }
}

/** Returns the digest that the next one starts from. */
async function gather(cloud: FakeCloud, { nth, base }: { nth: number; base: string | null }): Promise<string> {
  const [runId, startedAt] = [`run-${nth}`, Date.now() + nth * quarterHour];
  cloud.command({
    type: 'gather',
    ...{ runId, base, startedAt, details: base === null ? 'every' : 'rotation', attention: [] },
    ...{ detailRefreshHours: 24, lastSyncEveryHours: 24, since: base === null ? null : startedAt - quarterHour },
  });
  const ends = () => [...cloud.taken.values()].filter(isOf(runId));
  await until(`the end of ${runId}`, () => ends().length > 0, { ms: 600_000 });
  const [end] = ends();
  if (end?.type !== 'gatherEnd') throw new Error(`${runId} failed: ${JSON.stringify(end)}`);
  return end.digest;
}

const isOf = (runId: string) => (message: ToCloud) =>
  (message.type === 'gatherEnd' || message.type === 'gatherFailed') && message.runId === runId;

/** Resident, in MB: now, and the peak, as the kernel counts it. */
function memoryOf(pid: number | undefined): { now: number; most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: of('VmRSS'), most: of('VmHWM') };
}

type Measured = Awaited<ReturnType<typeof measured>>;

function rowOf(devices: number, { started, first, last }: Measured): Row {
  return {
    row: 13,
    measure: `relay: resident memory, ${devices.toLocaleString('en')} devices, most over a first gather and ${unchangedGathers} more`,
    value: last.most,
    unit: 'MB',
    against: 'nothing but itself',
    mark: `under ${markMb} MB`,
    met: last.most < markMb,
    note: `${started.now.toFixed(0)} MB when connected, ${first.now.toFixed(0)} MB after the first gather, ${last.now.toFixed(0)} MB at the end. The shipped program, started as its service starts it. About 45 MB of it is the file of Node itself, shared with any other Node on the machine`,
  };
}
