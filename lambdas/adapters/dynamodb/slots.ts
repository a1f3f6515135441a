/**
 * How many requests may be under way at once at a source, over all workers: leased slots, one item of the Control table per
 * source. A worker leases some for a whole batch (two writes a batch), and has no more requests under way than it has slots.
 * Invariants: leases that run never add up to more than the source's limit; a worker that was killed loses its slots by time,
 * which is never before it would have been stopped.
 */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from './client.ts';
import { controlKeys } from './keys.ts';
import { untilSettled } from './transactions.ts';

const leased = z.object({
  revision: z.number().int(),
  holders: z.record(z.string(), z.object({ slots: z.number().int().positive(), until: z.number() })),
});
type Leased = z.infer<typeof leased>;

export type SlotStore = {
  /** As many slots as are free, at most `wanted`: 0 when there are none. Held until `until` (epoch ms) or released. */
  lease(sourceId: string, lease: { holder: string; wanted: number; limit: number; now: number; until: number }): Promise<number>;
  release(sourceId: string, holder: string): Promise<void>;
};

export function slotStore(client: DocumentClient, table: string): SlotStore {
  async function read(sourceId: string): Promise<Leased> {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: controlKeys.slots(sourceId), ConsistentRead: true }),
    );
    return Item === undefined ? { revision: 0, holders: {} } : leased.parse(Item);
  }

  async function write(sourceId: string, { revision }: Leased, holders: Leased['holders']): Promise<boolean> {
    try {
      await client.send(
        new PutCommand({
          TableName: table,
          Item: { ...controlKeys.slots(sourceId), revision: revision + 1, holders },
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
    lease: (sourceId, { holder, wanted, limit, now, until }) =>
      untilSettled(async () => {
        const before = await read(sourceId);
        const running = Object.entries(before.holders).filter(([name, one]) => one.until > now && name !== holder);
        const taken = running.reduce((sum, [, { slots }]) => sum + slots, 0);
        const slots = Math.max(0, Math.min(wanted, limit - taken));
        if (slots === 0) return 0;
        const holders = Object.fromEntries([...running, [holder, { slots, until }]]);
        return (await write(sourceId, before, holders)) ? slots : null;
      }, 'The slots of a source'),

    async release(sourceId, holder) {
      await untilSettled(async () => {
        const before = await read(sourceId);
        if (!Object.hasOwn(before.holders, holder)) return true;
        const { [holder]: _, ...others } = before.holders;
        return (await write(sourceId, before, others)) ? true : null;
      }, 'The slots of a source');
    },
  };
}
