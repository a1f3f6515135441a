/**
 * Row 12: what an unchanged gather of a relay puts on the wire. The gathering half of the relay reads by REST in a separate
 * process, from a simulator in another; the cloud is this process, which applies what it receives.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RelayChild, relayChild } from '#test/relay/gather/child';
import { type Cloud, cloud } from '#test/relay/gather/cloud';
import type { Row } from './row.ts';
import { forkSimulator } from './simulator-process.ts';

const kilobyte = 1024;
const megabyte = 1024 ** 2;
const quarterHour = 15 * 60_000;
const unchangedGathers = 5;

export async function relayGatherRow(devices = 20_000): Promise<Row> {
  const directory = mkdtempSync(join(tmpdir(), 'relay-bench-'));
  const simulator = await forkSimulator(devices);
  const side = cloud();
  const relay = await relayChild(directory, simulator, side);
  try {
    return rowOf(devices, await gathers(relay, side, devices));
  } finally {
    await Promise.all([relay.kill(), simulator.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function gathers(relay: RelayChild, side: Cloud, devices: number) {
  let at = Date.now();
  let since: number | null = null;
  async function gather(nth: number): Promise<number> {
    side.clear();
    await relay.gather(side.command(`run-${nth}`, { startedAt: at, since }));
    if (side.rows.length !== devices || side.disagreements.length > 0)
      throw new Error(`${side.rows.length} of ${devices} devices were told, ${side.disagreements.length} digests differ`);
    [since, at] = [at, at + quarterHour];
    return side.bytes.reduce((sum, one) => sum + one, 0);
  }
  const everything = await gather(0);
  const unchanged: number[] = [];
  // The phones sleep: no new last sync is due to be reported.
  at += 24 * 4 * quarterHour;
  since = at - quarterHour;
  for (let nth = 1; nth <= unchangedGathers; nth++) unchanged.push(await gather(nth));
  return { everything, unchanged: Math.max(...unchanged), messages: side.told.length };
}

type Measured = Awaited<ReturnType<typeof gathers>>;

function rowOf(devices: number, { everything, unchanged, messages }: Measured): Row {
  return {
    row: 12,
    measure: `relay: bytes on the wire of an unchanged gather, ${devices.toLocaleString('en')} devices: ${messages} messages`,
    value: unchanged,
    unit: 'bytes',
    against: `sending the list: ${(everything / megabyte).toFixed(1)} MB`,
    mark: 'under 1 KB',
    met: unchanged < kilobyte,
    note: 'phones asleep, as in row 2; while they sync, a new last sync of each is told once a day, one device in 96 a gather. Heartbeats and acknowledgements are not counted',
  };
}
