/**
 * Who may have how many requests under way at a source at once, decided on the slots that are leased there. Invariants: leases that
 * run never add up to more than the source's limit; a gather that finds all slots taken says so, and gets the next that is given
 * back; in the same way what was asked for singly gets it before what comes in masses.
 */
import { z } from 'zod';

export const leasedSlots = z.object({
  holders: z.record(z.string(), z.object({ slots: z.number().int().positive(), until: z.number() })),
  /** When a worker of actions last got fewer than it wanted. */
  unmetAt: z.number().optional(),
  /** When a gather last found nothing free. */
  gatherUnmetAt: z.number().optional(),
  /** When actions that were asked for singly last found nothing free. */
  singleUnmetAt: z.number().optional(),
});
export type LeasedSlots = z.infer<typeof leasedSlots>;
/** What is to be written; null when nothing is. */
type Change = Partial<LeasedSlots> | null;

/** `limit`: what the source takes at once. `now`, `until`: epoch ms. */
export type Lease = { holder: string; limit: number; now: number; until: number };
/** `bulk`: for many that were asked for at once: single ones that found nothing free go first. */
export type ActionLease = Lease & { wanted: number; bulk?: boolean };

/** A source has one gather at a time (leases.ts): the next one takes over what a killed one held. */
export const gatherHolder = 'gather';

/** Actions that wanted more this long ago count as wanting still. */
const unmetForMs = 3_000;
/** A gather that found nothing free is waited for this long: it looks every second, and is redelivered. */
const keptForMs = 60_000;
/** Single actions look again within a moment, or leave the queue. */
const keptForSinglesMs = 2_000;
/** A share that runs for so long yet is not written again. */
const renewBelowMs = 40_000;

/** For actions: as many as are free, at most `wanted`. */
export function leaseFrom(leased: LeasedSlots, lease: ActionLease): { slots: number; change: Change } {
  const { holder, wanted, limit, now, until, bulk = false } = lease;
  const running = others(leased, lease);
  const slots = Math.max(0, Math.min(wanted, shareOf(running, limit - keptBack(leased, lease))));
  if (slots === 0 && isTold(leased, { now, bulk })) return { slots, change: null };
  const unmet = slots < wanted ? { unmetAt: now } : {};
  const single = bulk ? {} : { singleUnmetAt: slots === 0 ? now : undefined };
  const holders = Object.fromEntries(slots === 0 ? running : [...running, [holder, { slots, until }]]);
  return { slots, change: { holders, ...unmet, ...single } };
}

/**
 * For a gather: what it holds from now on, and what it should come down to: most of them while nobody else wants any, half
 * otherwise. What it may still have under way (`inUse`) is not taken from it.
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

/** What is free; where other workers have some already, half of it, so that those who come next get some too. */
function shareOf(running: Running, limit: number): number {
  const free = limit - slotsOf(running);
  return running.some(([name]) => name !== gatherHolder) ? Math.ceil(free / 2) : free;
}

/** For a gather that waits for its first; and, of what comes in masses, for what comes singly. */
function keptBack({ holders, gatherUnmetAt, singleUnmetAt }: LeasedSlots, { now, bulk = false }: ActionLease): number {
  const forGather = isRecent(gatherUnmetAt, now, keptForMs) && (holders[gatherHolder]?.until ?? 0) <= now;
  const forSingles = bulk && isRecent(singleUnmetAt, now, keptForSinglesMs);
  return Number(forGather) + Number(forSingles);
}

/** That some get fewer than they want is written down already. */
const isTold = ({ unmetAt, singleUnmetAt }: LeasedSlots, { now, bulk }: { now: number; bulk: boolean }): boolean =>
  isRecent(unmetAt, now, unmetForMs / 2) && (bulk || isRecent(singleUnmetAt, now, keptForSinglesMs / 2));

const isRecent = (at: number | undefined, now: number, forMs: number): boolean => at !== undefined && now - at < forMs;
