/** The calculation of the scaling page. */
import { expect, test } from 'vitest';
import { benchMeasuredOn, benchRows, rowsOf } from '../../lambdas/console/src/parts/bench.ts';
import { costOf, replacedInstances, usualAssumptions } from '../../lambdas/console/src/parts/capacity.ts';
import { listPrices } from '../../lambdas/console/src/parts/prices.ts';

test('the incumbent needs at least one server, by devices or mailboxes', () => {
  expect(replacedInstances({ devices: 20_000, mailboxes: 30_000 })).toEqual({ byDevices: 4, byMailboxes: 3, instances: 4 });
  expect(replacedInstances({ devices: 5001, mailboxes: 100_000 }).instances).toBe(10);
  expect(replacedInstances({ devices: 0, mailboxes: 0 }).instances).toBe(1);
});

test('the figures of the bench are those of its page', () => {
  const page =
    '| # | measure | value | against | mark |  |\n|---|---|---|---|---|---|\n| 5 | units | 0.01 | all | at most 1 | **missed** |';
  expect(rowsOf(page)).toEqual([
    { number: '5', measure: 'units', value: '0.01', against: 'all', mark: 'at most 1', met: 'missed' },
  ]);
  expect(benchRows.length).toBeGreaterThan(5);
  expect(benchMeasuredOn).toMatch(/^Measured on 20\d\d/);
});

test('a changed price changes its line', () => {
  const dear = costOf({ devices: 1000, mailboxes: 0 }, usualAssumptions, { ...listPrices, keys: 5 });
  expect(dear.total).toBeCloseTo(costOf({ devices: 1000, mailboxes: 0 }, usualAssumptions).total + 4);
});

test('the total is the sum of its lines and grows with usage', () => {
  const fleet = { devices: 20_000, mailboxes: 30_000 };
  const { lines, total } = costOf(fleet, usualAssumptions);
  expect(total).toBeCloseTo(lines.reduce((sum, { cost }) => sum + cost, 0));
  expect(costOf({ ...fleet, devices: 40_000 }, usualAssumptions).total).toBeGreaterThan(total);
  expect(costOf(fleet, { ...usualAssumptions, everyMinutes: 5 }).total).toBeGreaterThan(total);
});
