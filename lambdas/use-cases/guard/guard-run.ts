/** Checks a planned change against the guard: counts the devices that would lose access, before anything is done. */
import type { GuardStore } from '#adapters/dynamodb/guards/guards';
import {
  type GuardedDevice,
  type GuardFigures,
  type GuardItem,
  type GuardLimits,
  mostListed,
  trippedSources,
} from '#domain/quarantine/guard';
import { guardOfPlan } from '#domain/quarantine/plan-changes';
import type { PlanAssumptions } from '#use-cases/plan/dependencies';
import type { PlanFleet } from '#use-cases/plan/plan';
import type { LostAccess } from '#use-cases/plan/plan-outcome';

export type GuardRunDependencies = {
  plan: PlanFleet;
  guards: Pick<GuardStore, 'read' | 'trip'>;
  limits: GuardLimits;
  /** Raises the alarm: called each time that something is stopped. */
  alarm(guard: GuardItem): void;
  now(): number;
};
export type GuardRequest = Pick<GuardItem, 'guardId' | 'kind' | 'cause' | 'requestedBy' | 'payload'>;
/** `stopped`: nothing may be done; the guard says why. */
export type GuardResult = { outcome: 'clear' } | { outcome: 'stopped'; guard: GuardItem };
type How = { withholds: boolean; keep?: (() => Promise<void>) | undefined };
export type GuardRun = ReturnType<typeof guardRun>;

export function guardRun({ plan, guards, limits, alarm, now }: GuardRunDependencies) {
  async function assess(stop: GuardRequest, supposed: PlanAssumptions, { withholds, keep }: How): Promise<GuardResult> {
    const { takings, taken } = await plan(supposed);
    const { trips, sources } = guardOfPlan(takings, limits);
    if (!trips) return { outcome: 'clear' };
    const devices = taken.map(guardedDeviceOf);
    const guard = newGuard(stop, { sources, taken: devices, at: now() });
    await keep?.();
    const stored = await guards.trip(guard, withholds ? { withholds: trippedSources(sources), taken: devices } : {});
    alarm(stored);
    return { outcome: 'stopped', guard: stored };
  }

  return {
    /**
     * For a change that is not applied if it is stopped: it is in the guard's payload (or stored by `keep`, before the guard is),
     * and a person's confirmation applies it.
     */
    before: (stop: GuardRequest, supposed: PlanAssumptions, keep?: () => Promise<void>): Promise<GuardResult> =>
      assess(stop, supposed, { withholds: false, keep }),

    /** For a change that has already happened: if it is stopped, automatic blocks wait at the sources that tripped. */
    withholding: (stop: GuardRequest, supposed: PlanAssumptions): Promise<GuardResult> =>
      assess(stop, supposed, { withholds: true }),

    /** The guard of this id, if it tripped before: a redelivered event finds the result of its first delivery. */
    known: (guardId: string): Promise<GuardItem | null> => guards.read(guardId),
  };
}

export function newGuard(
  stop: GuardRequest,
  { sources, taken, at }: { sources: Record<string, GuardFigures>; taken: readonly GuardedDevice[]; at: number },
): GuardItem {
  const open = { state: 'waiting', decidedBy: null, decidedAt: null, outcome: null } as const;
  return { ...stop, ...open, at, sources, devices: taken.slice(0, mostListed) };
}

export const guardedDeviceOf = ({ device, planned }: LostAccess): GuardedDevice => {
  const { sourceId, user, deviceId } = device;
  return { sourceId, user, deviceId, rule: planned.rule };
};
