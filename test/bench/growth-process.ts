/** One size of row 6, measured in a separate process with its own memory: steady gathers of an unchanged fleet. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { forked } from './child.ts';
import { gatherWorld, lowerQuartile, quarterHour } from './gather-world.ts';

const rounds = 5;
/** The first rounds warm up the compiler. */
const warmUp = 2;
/** The time that measuring itself may take: a device whose record becomes due in that time must be stored, too. */
const slackMs = 60 * 60_000;

const growth = z.object({
  devices: z.number(),
  ms: z.number(),
  readUnits: z.number(),
  deviceWriteUnits: z.number(),
  fixedWriteUnits: z.number(),
  memoryMb: z.number(),
});
export type Growth = z.infer<typeof growth>;

const program = fileURLToPath(import.meta.url);

export async function growthAt(devices: number): Promise<Growth> {
  const { child, first } = await forked(program, String(devices));
  child.disconnect();
  return growth.parse(first);
}

async function measure(devices: number): Promise<Growth> {
  const world = await gatherWorld(devices);
  try {
    await world.seed({ dueWithinMs: (rounds + warmUp) * quarterHour + slackMs });
    const times: number[] = [];
    const units: { read: number; devices: number; fixed: number }[] = [];
    for (let round = 0; round < rounds + warmUp; round++) {
      await world.later({ asleep: true });
      const { run, ms, units: used } = await world.gather();
      if (run.counts.devices !== devices || run.counts.changed + run.counts.added > 0)
        throw new Error(`The fleet of ${devices} was not unchanged: ${JSON.stringify(run.counts)}`);
      if (round < warmUp) continue;
      times.push(ms);
      units.push({ read: used.devices.read + used.control.read, devices: used.devices.write, fixed: used.control.write });
    }
    const mean = (part: 'read' | 'devices' | 'fixed') => units.reduce((sum, one) => sum + one[part], 0) / units.length;
    return {
      ...{ devices, ms: lowerQuartile(times) },
      ...{ readUnits: mean('read'), deviceWriteUnits: mean('devices'), fixedWriteUnits: mean('fixed') },
      // In kilobytes, and the peak: seeding included.
      memoryMb: process.resourceUsage().maxRSS / 1024,
    };
  } finally {
    await world.stop();
  }
}

if (process.send !== undefined && process.argv[1] === program) process.send(await measure(Number(process.argv[2])));
