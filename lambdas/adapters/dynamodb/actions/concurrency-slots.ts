/**
 * How many requests may be under way at once at a source, over all workers and its gather: leased slots (domain/slots.ts), one item
 * of the Control table per source. A worker of actions leases some for a batch (two writes a batch), and has no more requests
 * under way than it has slots; the gather keeps its share for as long as it reads. Invariant: a worker that was killed loses its
 * slots by time, which is never before it would have been stopped.
 */
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import {
  type ActionLease,
  type Lease,
  type LeasedSlots,
  leasedSlots,
  leaseFrom,
  shareFrom,
} from '#domain/actions/concurrency-slots';
import type { DocumentClient } from '../client.ts';
import { controlKeys } from '../keys.ts';
import { ifSettled, untilSettled } from '../transactions.ts';

const stored = leasedSlots.extend({ revision: z.number().int() });
type Stored = z.infer<typeof stored>;

export type SlotStore = {
  /**
   * For actions: as many slots as are free, at most `wanted`: 0 when there are none, or none could be had in a throng. Held until
   * `until` (epoch ms) or released.
   */
  lease(sourceId: string, lease: ActionLease): Promise<number>;
  /**
   * For a gather, again and again: how many it holds from now on, and how many it should come down to (`goal`). What it may
   * still have under way (`inUse`) is not taken from it.
   */
  share(sourceId: string, lease: Lease & { inUse: number }): Promise<{ held: number; goal: number }>;
  release(sourceId: string, holder: string): Promise<void>;
};

export function slotStore(client: DocumentClient, table: string): SlotStore {
  async function read(sourceId: string): Promise<Stored> {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: controlKeys.slots(sourceId), ConsistentRead: true }),
    );
    return Item === undefined ? { revision: 0, holders: {} } : stored.parse(Item);
  }

  /** False when somebody else has written it since it was read. */
  async function write(sourceId: string, { revision, ...before }: Stored, change: Partial<LeasedSlots> | null): Promise<boolean> {
    if (change === null) return true;
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
        const before = await read(sourceId);
        const { slots, change } = leaseFrom(before, lease);
        return (await write(sourceId, before, change)) ? slots : null;
      });
      // In a throng: none for now, which is no failure of the batch that wanted them.
      return slots ?? 0;
    },

    share: (sourceId, lease) =>
      untilSettled(async () => {
        const before = await read(sourceId);
        const { held, goal, change } = shareFrom(before, lease);
        return (await write(sourceId, before, change)) ? { held, goal } : null;
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
