/**
 * Row 15: what one steady day costs in the cloud. A steady gather of a fleet that syncs is counted at two sizes; other sizes
 * follow from the straight line through them. What exists all day is counted in the synthesized template.
 */
import { pricesAsOf, pricesRegion } from '#domain/runtime/list-prices';
import { oneSource, type Resource, templatesFor } from '#test/infra/templates';
import { type CostLine, dailyCost, type GatherCost, type Standing } from './daily-cost.ts';
import { type GatherWorld, gatherWorld, lowerQuartile } from './gather-world.ts';
import type { Row } from './row.ts';

const measuredAt = [2_000, 20_000] as const;
const marks = [
  { devices: 5_000, dollars: 0.1 },
  { devices: 100_000, dollars: 1 },
  { devices: 1_000_000, dollars: 10 },
];
const rounds = 5;
/** The first round warms up the compiler. */
const warmUp = 1;

export async function costRows(): Promise<Row[]> {
  const standing = await standingOf();
  const [few, many] = measuredAt;
  const atFew = await steadyGather(few);
  const atMany = await steadyGather(many);
  const lineThrough = (part: keyof GatherCost, devices: number) =>
    Math.max(0, atFew[part] + ((atMany[part] - atFew[part]) / (many - few)) * (devices - few));
  return marks.map(({ devices, dollars }) => {
    const gather = {
      reads: lineThrough('reads', devices),
      writes: lineThrough('writes', devices),
      pages: Math.ceil(devices / 2_000),
      details: lineThrough('details', devices),
      ownMs: lineThrough('ownMs', devices),
    };
    return rowOf({ devices, dollars }, { gather, lines: dailyCost(devices, gather, standing), standing });
  });
}

/** The mean of some gathers, each a quarter of an hour after the last one, with phones syncing in between. */
async function steadyGather(devices: number): Promise<GatherCost> {
  const world = await gatherWorld(devices);
  try {
    await world.seed();
    return meanOf(await gathersOf(world));
  } finally {
    await world.stop();
  }
}

async function gathersOf(world: GatherWorld): Promise<GatherCost[]> {
  const counted: GatherCost[] = [];
  for (let round = 0; round < rounds + warmUp; round++) {
    await world.later();
    const { run, ms, units } = await world.gather();
    counted.push({
      reads: units.devices.read + units.control.read,
      writes: units.devices.write + units.control.write,
      ...{ pages: run.counts.pages, details: run.counts.details, ownMs: ms },
    });
  }
  return counted.slice(warmUp);
}

function meanOf(gathers: readonly GatherCost[]): GatherCost {
  const mean = (part: keyof GatherCost) => gathers.reduce((sum, gather) => sum + gather[part], 0) / gathers.length;
  const ownMs = lowerQuartile(gathers.map((gather) => gather.ownMs));
  return { reads: mean('reads'), writes: mean('writes'), pages: mean('pages'), details: mean('details'), ownMs };
}

async function standingOf(): Promise<Standing> {
  const templates = await templatesFor(oneSource);
  const count = (type: string) => templates.ofType(type).length;
  return {
    alarms: count('AWS::CloudWatch::Alarm'),
    keys: count('AWS::KMS::Key'),
    // The template only names the password of the source.
    secrets: count('AWS::SecretsManager::Secret') + 1,
    schedules: templates.ofType('AWS::Scheduler::Schedule').map(([, schedule]) => startsOf(schedule)),
  };
}

const startedBy = { 'start-gathers': 'start-gathers', 'wake-by-time': 'wake-by-time', reap: 'reap' } as const;

/** As `rate(15 minutes)` and the description (`… start-gathers each 15 minutes`) say. */
function startsOf({ Properties }: Resource): Standing['schedules'][number] {
  const minutes = Number(/rate\((\d+) minutes?\)/.exec(String(Properties.ScheduleExpression))?.[1]);
  const name = Object.values(startedBy).find((each) => String(Properties.Description).includes(each));
  if (!name || !(minutes > 0)) throw new Error(`What a schedule starts is not known: ${JSON.stringify(Properties)}`);
  return { function: name, aDay: (24 * 60) / minutes };
}

const nothing: GatherCost = { reads: 0, writes: 0, pages: 0, details: 0, ownMs: 0 };
const totalOf = (lines: readonly CostLine[]) => lines.reduce((sum, { cost }) => sum + cost, 0);

type Calculated = { gather: GatherCost; lines: readonly CostLine[]; standing: Standing };

function rowOf({ devices, dollars }: { devices: number; dollars: number }, { gather, lines, standing }: Calculated): Row {
  const value = totalOf(lines);
  const idle = totalOf(dailyCost(0, nothing, standing));
  const parts = lines.toSorted((a, b) => b.cost - a.cost).map(({ of, cost }) => `${of} $${cost.toFixed(4)}`);
  const named = devices.toLocaleString('en');
  const starts = standing.schedules.reduce((sum, { aDay }) => sum + aDay, 0);
  return {
    row: 15,
    measure: `cloud cost of one steady day, ${named} devices, gather each 15 min`,
    value,
    unit: '$ a day',
    against: `list prices, ${pricesRegion}, ${pricesAsOf}`,
    mark: `under $${dollars.toFixed(2)}`,
    met: value < dollars,
    note: `${named} devices: ${parts.join(', ')}. Of it $${idle.toFixed(3)} is the price of being there, without any device. A gather takes ${gather.reads.toFixed(0)} read and ${gather.writes.toFixed(0)} write units and ${gather.details.toFixed(0)} details: counted at ${measuredAt.map((size) => size.toLocaleString('en')).join(' and ')} devices, and on the straight line through them. ${standing.alarms} alarms, ${standing.keys} key, ${standing.secrets} secrets and ${starts.toLocaleString('en')} scheduled starts a day are counted in the template; what is assumed (answer times of the server, polling by AWS, sizes) stands in test/bench/daily-cost.ts`,
  };
}
