/** A plan as values: what would change for each device, and by which rule. Nothing of it has been done. */

import type { Device, DeviceKey, VerdictName } from '#domain/devices/device';
import type { Verdict } from '#domain/quarantine/decide';
import { type AccessLoss, type GuardFigures, type GuardLimits, guardOf } from '#domain/quarantine/guard';

export type PlanChange = DeviceKey & {
  /** As stored; null if nothing was decided yet. */
  from: { verdict: VerdictName | null; rule: string | null };
  to: { verdict: VerdictName; rule: string };
  action: 'approve' | 'block' | null;
};
export type RuleTally = { count: number; approve: number; block: number; devices: DeviceKey[] };
export type FleetPlan = {
  changes: PlanChange[];
  perRule: Record<string, RuleTally>;
  /** By source. */
  takings: Record<string, AccessLoss>;
};
export type PlanGuard = Pick<GuardFigures, 'trips' | 'affected' | 'percent'> & { sources: Record<string, GuardFigures> };

/** What changes for a device: its verdict, or an action is requested; null when neither. */
export function changeOf(
  device: Pick<Device, 'sourceId' | 'user' | 'deviceId' | 'verdict'>,
  { verdict, rule }: Pick<Verdict, 'verdict' | 'rule'>,
  action: PlanChange['action'],
): PlanChange | null {
  if (device.verdict?.verdict === verdict && action === null) return null;
  const { sourceId, user, deviceId } = device;
  const from = { verdict: device.verdict?.verdict ?? null, rule: device.verdict?.rule ?? null };
  return { sourceId, user, deviceId, from, to: { verdict, rule }, action };
}

/** The order in which a plan is shown, independent of the order of reading. */
export function inOrder(changes: readonly PlanChange[]): PlanChange[] {
  return changes.toSorted(
    (a, b) => compare(a.sourceId, b.sourceId) || compare(a.user, b.user) || compare(a.deviceId, b.deviceId),
  );
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export function perRule(changes: readonly PlanChange[]): Record<string, RuleTally> {
  const tallies: Record<string, RuleTally> = {};
  for (const { to, action, sourceId, user, deviceId } of changes) {
    tallies[to.rule] ??= { count: 0, approve: 0, block: 0, devices: [] };
    const tally = tallies[to.rule] as RuleTally;
    tally.count += 1;
    if (action !== null) tally[action] += 1;
    tally.devices.push({ sourceId, user, deviceId });
  }
  return tallies;
}

/** The guard's figures for a plan: for each source, and for all together. */
export function guardOfPlan(takings: FleetPlan['takings'], limits: GuardLimits): PlanGuard {
  const sources = Object.fromEntries(Object.entries(takings).map(([id, taken]) => [id, guardOf(taken, limits)]));
  const sum = (of: keyof AccessLoss) => Object.values(takings).reduce((total, taken) => total + taken[of], 0);
  const { affected, percent } = guardOf({ affected: sum('affected'), devices: sum('devices') }, limits);
  return { trips: Object.values(sources).some(({ trips }) => trips), affected, percent, sources };
}
