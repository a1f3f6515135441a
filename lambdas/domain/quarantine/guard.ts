/**
 * Guard rails: a run (gather, publication, import of enrolments) that would by itself take access away from too many devices
 * of a source stops before the first of them and waits for a person. Approvals and what a person asked for are not counted.
 */
import { z } from 'zod';
import type { DeviceFacts } from '#domain/devices/device-facts';
import { hasAccess } from '#domain/devices/server-state';

export type GuardLimits = { maxDevices: number; maxPercent: number };
/** `devices`: how many the source has. */
export type Takings = { affected: number; devices: number };

export const guardFigures = z.object({
  trips: z.boolean(),
  affected: z.number().int(),
  devices: z.number().int(),
  /** Of the source's devices, rounded to a hundredth. */
  percent: z.number(),
});
export type GuardFigures = z.infer<typeof guardFigures>;

/** Trips when both limits are exceeded. Pure. */
export function guardOf({ affected, devices }: Takings, { maxDevices, maxPercent }: GuardLimits): GuardFigures {
  const exceeded = affected > maxDevices && affected * 100 > maxPercent * devices;
  const percent = devices === 0 ? (affected === 0 ? 0 : 100) : Math.round((affected / devices) * 10_000) / 100;
  return { trips: exceeded, affected, devices, percent };
}

/** Would this automatic action take access away that the device has now? */
export function isTaking(device: DeviceFacts, action: { type: string; rule?: string | undefined }): boolean {
  return action.type === 'block' && action.rule !== 'manual-decision' && hasAccess(device);
}

export const guardedDevice = z.object({ sourceId: z.string(), user: z.string(), deviceId: z.string(), rule: z.string() });
export type GuardedDevice = z.infer<typeof guardedDevice>;

/** What the guard stopped. `publication`, `snapshot` and `import` were not applied; of a `gather` or a `feed` the takings wait. */
export const guardKind = z.enum(['publication', 'snapshot', 'import', 'gather', 'feed']);
export type GuardKind = z.infer<typeof guardKind>;
export const guardState = z.enum(['waiting', 'confirming', 'rejecting', 'confirmed', 'rejected']);

export const guardItem = z.object({
  /** Derived from the cause: the same run stopped twice is one guard. */
  guardId: z.string().min(1),
  kind: guardKind,
  /** What was stopped, in words. */
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
  /** What became of it, in words. */
  outcome: z.string().nullable(),
  /** What is to be applied on confirmation, by kind (function decide-guard). */
  payload: z.unknown(),
  /** Guards that already held one of its sources when it tripped: what it stopped waits for their decision too. */
  waitsFor: z.array(z.string()).optional(),
  /** Where all devices are listed, when they are more than `devices` holds. */
  deviceList: z.object({ listId: z.string(), parts: z.number().int() }).optional(),
});
export type GuardItem = z.infer<typeof guardItem>;

/** So that a guard's item stays far below what DynamoDB stores in one. */
export const mostListed = 500;

export const trippedSources = (sources: Record<string, GuardFigures>): string[] =>
  Object.entries(sources).flatMap(([sourceId, { trips }]) => (trips ? [sourceId] : []));

/** "120 of 2000 devices (6 %)" */
export const figuresInWords = ({ affected, devices, percent }: GuardFigures): string =>
  `${affected} of ${devices} devices (${percent} %)`;
