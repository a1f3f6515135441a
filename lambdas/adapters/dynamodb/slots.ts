/**
 * How many requests may be under way at once at a source, over all workers and its gather: leased slots, one item of the Control
 * table per source. A worker of actions leases some for a batch (two writes a batch), and has no more requests under way than
 * it has slots. The gather keeps its share for as long as it reads: most of them while nobody else wants any, half otherwise.
 * Invariants: leases that run never add up to more than the source's limit; a worker that was killed loses its slots by time,
 * which is never before it would have been stopped. A gather that finds all slots taken says so, and gets the next that is given
 * back: actions leave it one from then on.
 */
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from './client.ts';
import { controlKeys } from './keys.ts';
import { ifSettled, untilSettled } from './transactions.ts';

const leased = z.object({
  revision: z.number().int(),
  holders: z.record(z.string(), z.object({ slots: z.number().int().positive(), until: z.number() })),
  /** When a worker of actions last got fewer than it wanted. */
  unmetAt: z.number().optional(),
  /** When a gather last found nothing free. */
  gatherUnmetAt: z.number().optional(),
});
type Leased = z.infer<typeof leased>;

export type Lease = { holder: string; limit: number; now: number; until: number };
export type SlotStore = {
  /**
   * For actions: as many slots as are free, at most `wanted`: 0 when there are none, or none could be had in a throng. Held until
   * `until` (epoch ms) or released.
   */
  lease(sourceId: string, lease: Lease & { wanted: number }): Promise<number>;
  /**
   * For a gather, again and again: how many it holds from now on, and how many it should come down to (`goal`). What it may
   * still have under way (`inUse`) is not taken from it.
   */
  share(sourceId: string, lease: Lease & { inUse: number }): Promise<{ held: number; goal: number }>;
  release(sourceId: string, holder: string): Promise<void>;
};

/** Actions that wanted more this long ago count as wanting still. */
const unmetForMs = 3_000;
/** A gather that found nothing free is waited for this long: it looks every second, and comes again by its message. */
const keptForMs = 60_000;
/** A share that runs for so long yet is not written again. */
const renewBelowMs = 40_000;

const others = ({ holders }: Leased, { holder, now }: Lease) =>
  Object.entries(holders).filter(([name, one]) => one.until > now && name !== holder);
const slotsOf = (holders: [string, Leased['holders'][string]][]) => holders.reduce((sum, [, { slots }]) => sum + slots, 0);

export function slotStore(client: DocumentClient, table: string): SlotStore {
  async function read(sourceId: string): Promise<Leased> {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: controlKeys.slots(sourceId), ConsistentRead: true }),
    );
    return Item === undefined ? { revision: 0, holders: {} } : leased.parse(Item);
  }

  async function write(sourceId: string, { revision, ...before }: Leased, change: Partial<Leased>): Promise<boolean> {
    try {
      await client.send(
        new PutCommand({
          TableName: table,
          Item: { ...controlKeys.slots(sourceId), ...before, ...change, revision: revision + 1 },
          ConditionExpression: 'attribute_not_exists(pk) OR revision = :read',
          ExpressionAttributeValues: { ':read': revision },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }

  return {
    async lease(sourceId, lease) {
      const slots = await ifSettled(async () => {
        const { holder, wanted, limit, now, until } = lease;
        const before = await read(sourceId);
        const running = others(before, lease);
        const slots = Math.max(0, Math.min(wanted, shareOf(running, limit - keptBack(before, lease))));
        const unmet = slots < wanted ? { unmetAt: now } : {};
        const told = before.unmetAt !== undefined && before.unmetAt > now - unmetForMs / 2;
        if (slots === 0 && told) return 0;
        const holders = Object.fromEntries(slots === 0 ? running : [...running, [holder, { slots, until }]]);
        return (await write(sourceId, before, { holders, ...unmet })) ? slots : null;
      });
      // In a throng: none for now, which is no failure of the batch that wanted them.
      return slots ?? 0;
    },

    share: (sourceId, lease) =>
      untilSettled(async () => {
        const { holder, inUse, limit, now, until } = lease;
        const before = await read(sourceId);
        const running = others(before, lease);
        const crowded = before.unmetAt !== undefined && before.unmetAt > now - unmetForMs;
        const goal = Math.max(1, crowded ? Math.ceil(limit / 2) : limit - 1);
        const held = Math.max(inUse, Math.min(goal, limit - slotsOf(running)));
        const mine = before.holders[holder];
        if (held <= 0) return (await write(sourceId, before, { gatherUnmetAt: now })) ? { held: 0, goal } : null;
        if (mine?.slots === held && mine.until > now + renewBelowMs) return { held, goal };
        const holders = Object.fromEntries([...running, [holder, { slots: held, until }]]);
        return (await write(sourceId, before, { holders, gatherUnmetAt: undefined })) ? { held, goal } : null;
      }, 'The slots of a source'),

    /** Needs no reading, so that it never loses against others: a slot not given back would be missing until its worker's time is over. */
    async release(sourceId, holder) {
      const giveBack = new UpdateCommand({
        TableName: table,
        Key: controlKeys.slots(sourceId),
        UpdateExpression: 'REMOVE holders.#holder ADD revision :one',
        ConditionExpression: 'attribute_exists(holders.#holder)',
        ExpressionAttributeNames: { '#holder': holder },
        ExpressionAttributeValues: { ':one': 1 },
      });
      await client.send(giveBack).catch((error: unknown) => {
        if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
      });
    },
  };
}

/** What is free; where other workers have some already, half of it, so that those who come next get some too. */
function shareOf(running: [string, Leased['holders'][string]][], limit: number): number {
  const free = limit - slotsOf(running);
  return running.some(([name]) => name !== gatherHolder) ? Math.ceil(free / 2) : free;
}

/** For a gather that waits for its first. */
function keptBack({ holders, gatherUnmetAt }: Leased, { now }: Lease): number {
  const isWaiting = gatherUnmetAt !== undefined && now - gatherUnmetAt < keptForMs;
  return isWaiting && (holders[gatherHolder]?.until ?? 0) <= now ? 1 : 0;
}

/** A source has one gather at a time (leases.ts): the next one takes over what a killed one held. */
export const gatherHolder = 'gather';
