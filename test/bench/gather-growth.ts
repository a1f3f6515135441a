/** Row 6: how time, DynamoDB units and memory of a steady gather grow with the fleet, against a straight line. */
import { type Growth, growthAt } from './growth-process.ts';
import type { Row } from './row.ts';

const sizes = [1_000, 10_000, 100_000];
const largest = 1_000_000;
const memoryMark = 1_024;
/** A straight line is the power 1; times on a shared machine vary around it. */
const mark = { power: 1, scatter: 0.1 };

export async function growthRow({ full = false }: { full?: boolean } = {}): Promise<Row> {
  const measured: Growth[] = [];
  for (const devices of full ? [...sizes, largest] : sizes) measured.push(await growthAt(devices));
  const time = steepest(measured, ({ ms }) => ms);
  const units = steepest(measured, ({ readUnits }) => readUnits);
  const power = Math.max(time, units);
  const memory = memoryAt(measured);
  const written = Math.max(...measured.map(({ deviceWriteUnits }) => deviceWriteUnits));
  return {
    row: 6,
    measure: `growth of a steady gather, ${measured.map(({ devices }) => devices.toLocaleString('en')).join(' / ')} devices: ${measured.map(({ ms }) => `${ms.toFixed(0)} ms`).join(' / ')}`,
    value: power,
    unit: `as the power of the size, at its steepest; ${memory.toFixed(0)} MB at 1,000,000`,
    against: 'a straight line: 1',
    mark: `at most ${mark.power} (${mark.scatter} for scatter); under 1 GB at 1,000,000`,
    met: power <= mark.power + mark.scatter && memory < memoryMark,
    note: `between neighbouring sizes the time grows at most with the power ${time.toFixed(2)}, the read units with ${units.toFixed(2)}. ${measured.map(summary).join('; ')}. Write units on devices: ${written.toFixed(1)} a gather at most; fixed ones: ${measured.map(({ fixedWriteUnits }) => fixedWriteUnits.toFixed(0)).join(' / ')}. Memory is the most that the process ever took, making the fleet included${full ? '' : '; at 1,000,000 it lies on the straight line through the two largest sizes, --full measures it'}. Stored are the devices whose full record has its turn meanwhile; an unchanged fleet’s others are never looked up`,
  };
}

const summary = ({ devices, ms, readUnits, memoryMb }: Growth) =>
  `${devices.toLocaleString('en')}: ${ms.toFixed(0)} ms, ${readUnits.toFixed(0)} read units, ${memoryMb.toFixed(0)} MB`;

/** The highest power of the size with which a figure grows from one size to the next. */
function steepest(measured: readonly Growth[], figure: (one: Growth) => number): number {
  const powers = measured.slice(1).map((one, nth) => {
    const before = measured[nth] ?? one;
    return Math.log(figure(one) / figure(before)) / Math.log(one.devices / before.devices);
  });
  return Math.max(...powers);
}

function memoryAt(measured: readonly Growth[]): number {
  const [before, last] = measured.slice(-2);
  if (!before || !last) return Number.NaN;
  const each = (last.memoryMb - before.memoryMb) / (last.devices - before.devices);
  return last.memoryMb + Math.max(0, each) * (largest - last.devices);
}
