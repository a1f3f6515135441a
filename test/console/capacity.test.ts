/** The scaling tool's reckoning. */
import { expect, test } from 'vitest';
import { costOf, replacedInstances, usualAssumptions } from '../../lambdas/console/src/parts/capacity.ts';

test('the replaced product needs the higher of devices by 5,000 and mailboxes by 10,000, and never less than one', () => {
  expect(replacedInstances({ devices: 20_000, mailboxes: 30_000 })).toEqual({ byDevices: 4, byMailboxes: 3, instances: 4 });
  expect(replacedInstances({ devices: 5001, mailboxes: 100_000 }).instances).toBe(10);
  expect(replacedInstances({ devices: 0, mailboxes: 0 }).instances).toBe(1);
});

test('the total is the sum of its lines, and grows with the fleet and with the gathers', () => {
  const fleet = { devices: 20_000, mailboxes: 30_000 };
  const { lines, total } = costOf(fleet, usualAssumptions);
  expect(total).toBeCloseTo(lines.reduce((sum, { cost }) => sum + cost, 0));
  expect(costOf({ ...fleet, devices: 40_000 }, usualAssumptions).total).toBeGreaterThan(total);
  expect(costOf(fleet, { ...usualAssumptions, everyMinutes: 5 }).total).toBeGreaterThan(total);
});
