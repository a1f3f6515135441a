/** The calculations of the scaling tool. */
import { expect, test } from 'vitest';
import { benchMeasuredOn, benchRows, rowsOf } from '../../lambdas/console/src/parts/bench.ts';
import { costOf, replacedInstances, usualAssumptions } from '../../lambdas/console/src/parts/capacity.ts';
import { listPrices } from '../../lambdas/console/src/parts/prices.ts';

test('the replaced product needs an instance per 5,000 devices or 10,000 mailboxes', () => {
  expect(replacedInstances({ devices: 20_000, mailboxes: 30_000 })).toEqual({ byDevices: 4, byMailboxes: 3, instances: 4 });
  expect(replacedInstances({ devices: 5001, mailboxes: 100_000 }).instances).toBe(10);
  expect(replacedInstances({ devices: 0, mailboxes: 0 }).instances).toBe(1);
});

test('the bench figures are read from its page', () => {
  const page =
    '| # | measure | value | against | mark |  |\n|---|---|---|---|---|---|\n| 5 | units | 0.01 | all | at most 1 | **missed** |';
  expect(rowsOf(page)).toEqual([
    { number: '5', measure: 'units', value: '0.01', against: 'all', mark: 'at most 1', met: 'missed' },
  ]);
  expect(benchRows.length).toBeGreaterThan(5);
  expect(benchMeasuredOn).toMatch(/^Measured on 20\d\d/);
});

test('a changed price changes the total', () => {
  const expensive = costOf({ devices: 1000, mailboxes: 0 }, usualAssumptions, { ...listPrices, keys: 5 });
  expect(expensive.total).toBeCloseTo(costOf({ devices: 1000, mailboxes: 0 }, usualAssumptions).total + 4);
});

test('the total sums its lines and grows with fleet and gather rate', () => {
  const fleet = { devices: 20_000, mailboxes: 30_000 };
  const { lines, total } = costOf(fleet, usualAssumptions);
  expect(total).toBeCloseTo(lines.reduce((sum, { cost }) => sum + cost, 0));
  expect(costOf({ ...fleet, devices: 40_000 }, usualAssumptions).total).toBeGreaterThan(total);
  expect(costOf(fleet, { ...usualAssumptions, everyMinutes: 5 }).total).toBeGreaterThan(total);
});
