/** Row 1: requests of a steady gather, against one detail per device. Counted, not timed. */
import { gatherWorld } from './gather-world.ts';
import type { Row } from './row.ts';

const devices = 5_000;
const changed = devices / 100;
const mark = 50;

export async function requestsRow(): Promise<Row> {
  const world = await gatherWorld(devices);
  try {
    await world.seed();
    await world.later();
    await world.gather();
    await world.later();
    await world.simulator.send({ upgrade: changed });
    const { run } = await world.gather();
    if (run.counts.changed < changed) throw new Error(`${changed} devices changed, ${run.counts.changed} were noticed`);
    const incumbent = devices + run.counts.pages;
    const value = incumbent / run.requests;
    const otherPhones = incumbent / (run.requests + changed);
    return {
      row: 1,
      measure: `requests of a steady gather, ${devices.toLocaleString('en')} devices, 1 % changed: ${run.requests}`,
      value,
      unit: 'times fewer',
      against: `one detail per device: ${incumbent.toLocaleString('en')}`,
      mark: `at least ${mark} times fewer`,
      met: value >= mark,
      note: `${run.counts.details} details (rotation). The changes are client upgrades, which the list tells in full; if each were another phone: ${otherPhones.toFixed(0)} times fewer`,
    };
  } finally {
    await world.stop();
  }
}
