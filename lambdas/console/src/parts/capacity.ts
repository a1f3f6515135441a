/** What a fleet needs: instances of the replaced product, and the monthly cost of this one by counted units. Pure. */
import { listPrices, type Prices } from './prices.ts';

export type Fleet = { devices: number; mailboxes: number };
export type Assumptions = {
  /** Minutes from one gather to the next. */
  everyMinutes: number;
  /** Devices that change from one gather to the next, in percent. */
  changedPercent: number;
  /** New devices a month, in percent of the fleet. */
  newPercent: number;
  /** What one server for an instance of the replaced product costs a month, USD. */
  serverCost: number;
};
export type CostLine = { item: string; quantity: number; unit: string; price: string; cost: number };

export const usualAssumptions: Assumptions = { everyMinutes: 15, changedPercent: 0.1, newPercent: 3, serverCost: 140 };

/** Published scaling of the replaced product: an instance serves 5,000 devices and 10,000 mailboxes, whichever is reached first. */
export function replacedInstances({ devices, mailboxes }: Fleet) {
  const byDevices = Math.ceil(devices / 5000);
  const byMailboxes = Math.ceil(mailboxes / 10_000);
  return { byDevices, byMailboxes, instances: Math.max(1, byDevices, byMailboxes) };
}

const minutesOfMonth = 30 * 24 * 60;
/** Counted by the bench: read units per device that a gather needs when nothing has changed. */
const readUnitsADevice = 0.02;
/** A changed device: detail, device, journal line and its seal, evaluation of its user. */
const writeUnitsAChange = 8;
const readUnitsAChange = 6;
const functionMsADevice = 0.25;
const functionMsAChange = 400;
const memoryGb = 0.5;
const itemKb = 2;
const journalLinesKept = 6;
const million = 1_000_000;

/** One for each function, queue and schedule that can fail. */
const alarms = 30;

export function costOf(
  { devices }: Fleet,
  assumed: Assumptions,
  prices: Prices = listPrices,
): { lines: CostLine[]; total: number } {
  const gathers = minutesOfMonth / assumed.everyMinutes;
  const changes = gathers * devices * (assumed.changedPercent / 100) + devices * (assumed.newPercent / 100);
  const reads = gathers * devices * readUnitsADevice + changes * readUnitsAChange;
  const writes = changes * writeUnitsAChange;
  const functionSeconds = (gathers * (1000 + devices * functionMsADevice) + changes * functionMsAChange) / 1000;
  const requests = gathers * 2 + changes * 3;
  const gigabytes = (devices * itemKb * (1 + journalLinesKept)) / million;
  const lines: CostLine[] = [
    line('Table reads', { quantity: reads, unit: 'read units', price: prices.readUnits, per: million, each: 'a million' }),
    line('Table writes', { quantity: writes, unit: 'write units', price: prices.writeUnits, per: million, each: 'a million' }),
    line('Table storage', { quantity: gigabytes, unit: 'GB', price: prices.storage, per: 1, each: 'a GB' }),
    line('Function time', {
      quantity: functionSeconds * memoryGb,
      unit: 'GB-seconds',
      price: prices.functionSeconds,
      per: million,
      each: 'a million',
    }),
    line('Function calls', {
      quantity: requests,
      unit: 'calls',
      price: prices.functionRequests,
      per: million,
      each: 'a million',
    }),
    line('Queues', { quantity: requests * 3, unit: 'requests', price: prices.queueRequests, per: million, each: 'a million' }),
    line('Events to the portal', { quantity: changes, unit: 'events', price: prices.events, per: million, each: 'a million' }),
    line('Logs', { quantity: requests * 0.000002, unit: 'GB', price: prices.logs, per: 1, each: 'a GB' }),
    line('Secrets', { quantity: 1, unit: 'secret', price: prices.secrets, per: 1, each: 'a secret' }),
    line('Key of the tables', { quantity: 1, unit: 'key', price: prices.keys, per: 1, each: 'a key' }),
    line('Alarms', { quantity: alarms, unit: 'alarms', price: prices.alarms, per: 1, each: 'an alarm' }),
  ];
  return { lines, total: lines.reduce((sum, { cost }) => sum + cost, 0) };
}

type Quantity = { quantity: number; unit: string; price: number; per: number; each: string };
function line(item: string, { quantity, unit, price, per, each }: Quantity): CostLine {
  return { item, quantity, unit, price: `$${Number(price.toPrecision(4))} ${each}`, cost: (quantity / per) * price };
}
