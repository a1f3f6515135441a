import { expect, test } from 'vitest';
import type { LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { Action } from '#domain/actions/action';
import type { PlannedAction } from '#domain/quarantine/plan-actions';
import { aDevice } from '#test/functions/portal-events/portal-side';
import { aqAction, newAction } from '#use-cases/decide-user/aq-actions';
import { firstFreeTurn, mostTurns } from '#use-cases/decide-user/repeated-cause';

const device = aDevice();
const planned: PlannedAction = {
  deviceId: device.deviceId,
  type: 'block',
  purpose: 'verdict',
  verdict: 'block',
  rule: 'mail-pushed-by-policy',
  reason: 'mail was set up by hand',
};
const numbered = (again: number) => aqAction(device, planned, { now: 1, again });

/** A ledger that has this cause's actions of the first turns, and counts its reads. */
function ledgerWith(states: readonly Action['state'][]) {
  const stored = new Map(states.map((state, again) => [numbered(again).actionId, { ...numbered(again), state }]));
  const reads: string[] = [];
  const read = async (id: string) => {
    reads.push(id);
    return (stored.get(id) ?? null) as LedgerAction | null;
  };
  return { reads, ledger: { read } };
}
const next = (ledger: ReturnType<typeof ledgerWith>['ledger'], look = true) =>
  newAction({ ledger }, device, { planned, now: 1, look });

test.each([0, 1, 2, 3, 7, 8, 100, 1000])('after %i actions that expired the next turn is requested', async (count) => {
  const { ledger, reads } = ledgerWith(Array.from({ length: count }, () => 'expired'));
  expect((await next(ledger))?.actionId).toBe(numbered(count).actionId);
  expect(reads.length).toBeLessThan(25);
});

test.each([0, 1, 5, 64])('an open turn after %i that expired is not requested again', async (count) => {
  const { ledger } = ledgerWith([...Array.from({ length: count }, () => 'expired' as const), 'requested']);
  expect(await next(ledger)).toBeNull();
});

test('without a ledger read the first turn is requested', async () => {
  const { ledger, reads } = ledgerWith(['expired']);
  expect((await next(ledger, false))?.actionId).toBe(numbered(0).actionId);
  expect(reads).toEqual([]);
});

test('turns that never end are an error that says what to look for', async () => {
  let reads = 0;
  const used = async () => ++reads > 0;
  await expect(firstFreeTurn(used, 'An import')).rejects.toThrow(`An import was requested more than ${mostTurns} times`);
  expect(reads).toBeLessThan(25);
});
