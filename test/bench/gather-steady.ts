/**
 * Rows 2 and 5: a steady gather of an unchanged fleet, in time against the bare reading of the same pages, and in DynamoDB units
 * a device. A quarter of an hour passes between gathers, so the rotation and last syncs are realistic.
 */
import pMap from 'p-map';
import { bareClient, hrefsOf } from './bare-client.ts';
import { concurrency, type GatherWorld, gatherWorld, lowerQuartile, type Timed } from './gather-world.ts';
import type { Row } from './row.ts';

const rounds = 11;
/** The first rounds warm up the compiler. */
const warmUp = 2;
const timeMark = 1.5;
const unitsMark = 0.02;

export async function steadyTimeRow(devices = 20_000): Promise<Row> {
  const world = await gatherWorld(devices);
  try {
    await world.seed();
    return await timeRow(world, devices);
  } finally {
    await world.stop();
  }
}

async function timeRow(world: GatherWorld, devices: number): Promise<Row> {
  const bare = bareClient(world.simulator, concurrency);
  const times = { ours: [] as number[], floor: [] as number[], sameRequests: [] as number[], noTurn: [] as number[] };
  try {
    for (let round = 0; round < rounds + warmUp; round++) {
      await world.later({ asleep: true });
      const { ms, run } = await world.gather();
      if (run.counts.devices !== devices) throw new Error(`${run.counts.devices} of ${devices} devices were read`);
      // No time has passed: the same list, and no record is due.
      const noTurn = await world.gather();
      const floor = await timed(() => bare.list());
      const sameRequests = await timed(() => listAndDetails(bare, run.counts.details));
      if (round < warmUp) continue;
      times.ours.push(ms);
      times.floor.push(floor);
      times.noTurn.push(noTurn.ms);
      times.sameRequests.push(sameRequests);
    }
  } finally {
    await bare.close();
  }
  const [ours, list, same, noTurn] = [times.ours, times.floor, times.sameRequests, times.noTurn].map(lowerQuartile) as Four;
  const value = ours / same;
  return {
    row: 2,
    measure: `steady gather, unchanged fleet, ${devices.toLocaleString('en')} devices: ${ours.toFixed(0)} ms`,
    value,
    unit: 'x',
    against: `bare client, same requests (pages, and the full records whose turn it is), JSON parsed: ${same.toFixed(0)} ms`,
    mark: `at most ${timeMark} x`,
    met: value <= timeMark,
    note: `lower quartiles of ${rounds}, taken in turn. The same requests are the pages and the ${Math.round(devices / 96)} full records whose turn it is in the 24 h rotation. A gather in which no record has its turn takes ${noTurn.toFixed(0)} ms against ${list.toFixed(0)} ms for the pages alone: ${(noTurn / list).toFixed(2)} x. Beyond the floor it hashes and compares each row (about 20 ms), reads the stored devices whose records it read, and makes a dozen DynamoDB calls for lease, run, manifest and source; the more others use this machine's processors, the less of that hides behind the server's own time`,
  };
}
type Four = [number, number, number, number];

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

async function listAndDetails(bare: ReturnType<typeof bareClient>, details: number): Promise<void> {
  const hrefs = hrefsOf(await bare.list()).slice(0, details);
  await pMap(hrefs, async (href) => JSON.parse(await bare.get(href)), { concurrency });
}

export async function steadyUnitsRow(devices = 100_000): Promise<Row> {
  const world = await gatherWorld(devices);
  try {
    await world.seed();
    return await unitsRow(world, devices);
  } finally {
    await world.stop();
  }
}

/** With the phones asleep (their last sync as it was), and once more with all of them syncing. */
async function unitsRow(world: GatherWorld, devices: number): Promise<Row> {
  await world.later({ asleep: true });
  const asleep = await world.gather();
  await world.later();
  const syncing = await world.gather();
  const read = total(asleep, 'read') / devices;
  const written = asleep.units.devices.write / devices;
  const fixed = asleep.units.control.write;
  return {
    row: 5,
    measure: `DynamoDB units of a steady gather, unchanged fleet, ${devices.toLocaleString('en')} devices`,
    value: read,
    unit: `read units a device; ${written.toFixed(4)} write units a device`,
    against: `reading and rewriting every item: ${perDevice} read, ${perDevice} write at least`,
    mark: `at most ${unitsMark} read, 0 write`,
    met: read <= unitsMark && written === 0,
    note: `${asleep.units.devices.write} write units on devices in all; fixed, whatever the size: ${fixed} write units a gather, for the lease (taken, returned), the run (recorded, begun, ended) and the source. They are what is left of the cost of a gather in which nothing happens. Storing new last syncs once a day: ${(syncing.units.devices.write / devices).toFixed(4)} write units a device`,
  };
}

const perDevice = 1;
const total = ({ units }: Timed, kind: 'read' | 'write') => units.devices[kind] + units.control[kind];
