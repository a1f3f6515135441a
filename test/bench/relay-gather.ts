/**
 * Rows 12 and 13: what an unchanged gather of a relay puts on the wire, and what memory the relay takes. The relay gathers by
 * REST in a process of its own, from a simulator in another; the cloud is this process, which applies what it is told.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type RelayChild, relayChild, relayProcess } from '#test/relay/gather/child';
import { type Cloud, cloud } from '#test/relay/gather/cloud';
import type { Row } from './row.ts';
import { forkSimulator } from './simulator-process.ts';

const kilobyte = 1024;
const megabyte = 1024 ** 2;
const quarterHour = 15 * 60_000;
const unchangedGathers = 5;

export async function relayRows(devices = 20_000): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'relay-bench-'));
  const simulator = await forkSimulator(devices);
  const side = cloud();
  const relay = await relayChild(directory, simulator, side, await bundled(directory));
  try {
    const measured = await gathers(relay, side, devices);
    return rowsOf(devices, { ...measured, memory: await relay.memory() });
  } finally {
    await Promise.all([relay.kill(), simulator.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** As the relay is shipped: one file. From sources, the compiler that strips their types would be measured with it. */
async function bundled(directory: string): Promise<string> {
  const outfile = join(directory, 'relay.mjs');
  await build({
    ...{ entryPoints: [relayProcess], outfile, bundle: true, minify: true, platform: 'node', format: 'esm', logLevel: 'error' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return outfile;
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
  const first = await relay.memory();
  const unchanged: number[] = [];
  // The phones sleep: no new last sync has its turn to be told.
  at += 24 * 4 * quarterHour;
  since = at - quarterHour;
  for (let nth = 1; nth <= unchangedGathers; nth++) unchanged.push(await gather(nth));
  return { everything, unchanged: Math.max(...unchanged), messages: side.told.length, first };
}

type Measured = Awaited<ReturnType<typeof gathers>> & { memory: { now: number; most: number } };

function rowsOf(devices: number, { everything, unchanged, messages, first, memory }: Measured): Row[] {
  const named = `${devices.toLocaleString('en')} devices`;
  const most = memory.most / megabyte;
  return [
    {
      row: 12,
      measure: `relay: bytes on the wire of an unchanged gather, ${named}: ${messages} messages`,
      value: unchanged,
      unit: 'bytes',
      against: `sending the list: ${(everything / megabyte).toFixed(1)} MB`,
      mark: 'under 1 KB',
      met: unchanged < kilobyte,
      note: 'phones asleep, as in row 2; while they sync, a new last sync of each is told once a day, one device in 96 a gather. Heartbeats and acknowledgements are not counted',
    },
    {
      row: 13,
      measure: `relay: resident memory, ${named}, most over a first gather and ${unchangedGathers} unchanged ones`,
      value: most,
      unit: 'MB',
      against: 'nothing but itself',
      mark: 'under 100 MB',
      met: most < 100,
      note: `${(first.now / megabyte).toFixed(0)} MB after the first gather, ${(memory.now / megabyte).toFixed(0)} MB at the end. The gathering half as one bundled file in a process of its own, with its snapshot; without socket and log. About 45 MB of it is Node itself, shared with any other Node on the machine`,
    },
  ];
}
