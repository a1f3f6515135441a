/**
 * The guard: a run (gather, publication, import of enrolments) that would automatically take access from too many devices of a
 * source stops before the first one and waits for a person. Approvals and actions that a person requested are not counted.
 */
import { z } from 'zod';
import type { DeviceFacts } from '#domain/devices/device-facts';
import { hasAccess } from '#domain/devices/server-state';

export type GuardLimits = { maxDevices: number; maxPercent: number };
/** `affected`: devices that would lose access. `devices`: how many the source has. */
export type AccessLoss = { affected: number; devices: number };

export const guardFigures = z.object({
  trips: z.boolean(),
  affected: z.number().int(),
  devices: z.number().int(),
  /** Percentage of the source's devices, rounded to a hundredth. */
  percent: z.number(),
});
export type GuardFigures = z.infer<typeof guardFigures>;

/** Trips when both limits are exceeded. Pure. */
export function guardOf({ affected, devices }: AccessLoss, { maxDevices, maxPercent }: GuardLimits): GuardFigures {
  const exceeded = affected > maxDevices && affected * 100 > maxPercent * devices;
  const percent = devices === 0 ? (affected === 0 ? 0 : 100) : Math.round((affected / devices) * 10_000) / 100;
  return { trips: exceeded, affected, devices, percent };
}

/** Whether this automatic action would take away access that the device has now. */
export function takesAccess(device: DeviceFacts, action: { type: string; rule?: string | undefined }): boolean {
  return action.type === 'block' && action.rule !== 'manual-decision' && hasAccess(device);
}

export const guardedDevice = z.object({ sourceId: z.string(), user: z.string(), deviceId: z.string(), rule: z.string() });
export type GuardedDevice = z.infer<typeof guardedDevice>;

/**
 * What the guard stopped. A `publication`, `snapshot` or `import` was not applied; of a `gather` or `feed` only the blocks wait.
 */
export const guardKind = z.enum(['publication', 'snapshot', 'import', 'gather', 'feed']);
export type GuardKind = z.infer<typeof guardKind>;
export const guardState = z.enum(['waiting', 'confirming', 'rejecting', 'confirmed', 'rejected']);

export const guardItem = z.object({
  /** Derived from the cause, so that the same run stopped twice gives one guard. */
  guardId: z.string().min(1),
  kind: guardKind,
  /** What was stopped, as text. */
  cause: z.string(),
  state: guardState,
  /** Epoch ms. */
  at: z.number(),
  requestedBy: z.string(),
  /** By source: those that tripped and those that did not. */
  sources: z.record(z.string(), guardFigures),
  /** The devices that would lose access, at most `mostListed` of them. */
  devices: z.array(guardedDevice),
  decidedBy: z.string().nullable(),
  decidedAt: z.number().nullable(),
  /** The result of the decision, as a sentence. */
  outcome: z.string().nullable(),
  /** What a confirmation applies, by kind (decide-guard.ts). */
  payload: z.unknown(),
  /** Guards that already held one of its sources when it tripped: what it stopped also waits for them. */
  waitsFor: z.array(z.string()).optional(),
  /** The full list of devices, if `devices` does not hold all of them. */
  deviceList: z.object({ listId: z.string(), parts: z.number().int() }).optional(),
});
export type GuardItem = z.infer<typeof guardItem>;

/** Keeps a guard's item far below DynamoDB's limit. */
export const mostListed = 500;

export const trippedSources = (sources: Record<string, GuardFigures>): string[] =>
  Object.entries(sources).flatMap(([sourceId, { trips }]) => (trips ? [sourceId] : []));

/** "120 of 2000 devices (6 %)" */
export const figuresInWords = ({ affected, devices, percent }: GuardFigures): string =>
  `${affected} of ${devices} devices (${percent} %)`;
