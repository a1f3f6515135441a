/**
 * Who may have how many requests in progress at a source at once, decided on the slots that are leased there. Invariants: leases
 * in effect never add up to more than the source's limit; a gather that finds no free slot records that, and gets the next one
 * that is released; in the same way single actions get a slot before bulk ones.
 */
import { z } from 'zod';

export const leasedSlots = z.object({
  holders: z.record(z.string(), z.object({ slots: z.number().int().positive(), until: z.number() })),
  /** When an action worker last got fewer slots than it wanted. */
  unmetAt: z.number().optional(),
  /** When a gather last found no free slot. */
  gatherUnmetAt: z.number().optional(),
  /** When single actions last found no free slot. */
  singleUnmetAt: z.number().optional(),
});
export type LeasedSlots = z.infer<typeof leasedSlots>;
/** The change to write; null for none. */
type Change = Partial<LeasedSlots> | null;

/** `limit`: concurrent requests that the source allows. `now`, `until`: epoch ms. */
export type Lease = { holder: string; limit: number; now: number; until: number };
/** `bulk`: for bulk actions, which let single ones that found no free slot go first. */
export type ActionLease = Lease & { wanted: number; bulk?: boolean };

/** A source has one gather at a time (leases.ts): the next one takes over the slots of a killed one. */
export const gatherHolder = 'gather';

/** For this long, actions that got fewer slots than they wanted count as still wanting more. */
const unmetForMs = 3_000;
/** A slot is reserved this long for a gather that found none free: it retries every second, and its message is redelivered. */
const keptForMs = 60_000;
/** Single actions retry almost at once, or leave the queue. */
const keptForSinglesMs = 2_000;
/** A lease that lasts at least this much longer is not renewed. */
const renewBelowMs = 40_000;

/** For actions: as many slots as are free, at most `wanted`. */
export function leaseFrom(leased: LeasedSlots, lease: ActionLease): { slots: number; change: Change } {
  const { holder, wanted, limit, now, until, bulk = false } = lease;
  const running = others(leased, lease);
  const slots = Math.max(0, Math.min(wanted, shareOf(running, limit - keptBack(leased, lease))));
  if (slots === 0 && isRecorded(leased, { now, bulk })) return { slots, change: null };
  const unmet = slots < wanted ? { unmetAt: now } : {};
  const single = bulk ? {} : { singleUnmetAt: slots === 0 ? now : undefined };
  const holders = Object.fromEntries(slots === 0 ? running : [...running, [holder, { slots, until }]]);
  return { slots, change: { holders, ...unmet, ...single } };
}

/**
 * For a gather: the slots it holds from now on, and its target: all but one while no action wants more, half otherwise. It keeps
 * the slots of requests in progress (`inUse`).
 */
export function shareFrom(leased: LeasedSlots, lease: Lease & { inUse: number }): { held: number; goal: number; change: Change } {
  const { holder, inUse, limit, now, until } = lease;
  const running = others(leased, lease);
  const goal = Math.max(1, isRecent(leased.unmetAt, now, unmetForMs) ? Math.ceil(limit / 2) : limit - 1);
  const held = Math.max(0, inUse, Math.min(goal, limit - slotsOf(running)));
  if (held === 0) return { held, goal, change: { gatherUnmetAt: now } };
  const mine = leased.holders[holder];
  if (mine?.slots === held && mine.until > now + renewBelowMs) return { held, goal, change: null };
  const holders = Object.fromEntries([...running, [holder, { slots: held, until }]]);
  return { held, goal, change: { holders, gatherUnmetAt: undefined } };
}

type Running = [string, LeasedSlots['holders'][string]][];

const others = ({ holders }: LeasedSlots, { holder, now }: Lease): Running =>
  Object.entries(holders).filter(([name, one]) => one.until > now && name !== holder);
const slotsOf = (running: Running): number => running.reduce((sum, [, { slots }]) => sum + slots, 0);

/** The free slots; half of them if other workers have some already, so that later workers get some too. */
function shareOf(running: Running, limit: number): number {
  const free = limit - slotsOf(running);
  return running.some(([name]) => name !== gatherHolder) ? Math.ceil(free / 2) : free;
}

/** Slots reserved for a gather that has none yet, and from bulk actions also for single ones. */
function keptBack({ holders, gatherUnmetAt, singleUnmetAt }: LeasedSlots, { now, bulk = false }: ActionLease): number {
  const forGather = isRecent(gatherUnmetAt, now, keptForMs) && (holders[gatherHolder]?.until ?? 0) <= now;
  const forSingles = bulk && isRecent(singleUnmetAt, now, keptForSinglesMs);
  return Number(forGather) + Number(forSingles);
}

/** The shortage is already recorded. */
const isRecorded = ({ unmetAt, singleUnmetAt }: LeasedSlots, { now, bulk }: { now: number; bulk: boolean }): boolean =>
  isRecent(unmetAt, now, unmetForMs / 2) && (bulk || isRecent(singleUnmetAt, now, keptForSinglesMs / 2));

const isRecent = (at: number | undefined, now: number, forMs: number): boolean => at !== undefined && now - at < forMs;
