/**
 * At most one gather per source: a lease with a fencing number in the Control table.
 * Invariants: the number only grows; only the holder of the newest number writes; a lease is `clean` only after its holder
 * released it properly, so the next one knows whether a gather was interrupted.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { controlKeys } from '../keys.ts';

const leaseItem = z.object({ fence: z.number().int(), until: z.number(), clean: z.boolean() });

/** `wasCutOff`: the previous holder did not release it properly. */
export type Lease = { fence: number; wasCutOff: boolean };
export type LeaseStore = {
  /** Null while another holder's lease has not expired. `now`: epoch ms. */
  acquire(sourceId: string, options: { now: number; lengthMs: number }): Promise<Lease | null>;
  /** False when another holder has acquired the lease. */
  renew(sourceId: string, fence: number, options: { now: number; lengthMs: number }): Promise<boolean>;
  /** `clean: false` after an internal failure: the next holder must assume that something was left undone. */
  release(sourceId: string, fence: number, options: { now: number; clean: boolean }): Promise<void>;
  /** End of the last lease, epoch ms; null when there never was one. */
  heldUntil(sourceId: string): Promise<number | null>;
};

export function leaseStore(client: DocumentClient, table: string): LeaseStore {
  async function set(sourceId: string, fence: number, values: { until: number; clean?: boolean }): Promise<boolean> {
    const clean = values.clean === undefined ? {} : { ':clean': values.clean };
    const done = await nullIfRefused(
      client.send(
        new UpdateCommand({
          TableName: table,
          Key: controlKeys.lease(sourceId),
          UpdateExpression: `SET #until = :until${values.clean === undefined ? '' : ', clean = :clean'}`,
          ConditionExpression: 'fence = :fence',
          ExpressionAttributeNames: { '#until': 'until' },
          ExpressionAttributeValues: { ':until': values.until, ':fence': fence, ...clean },
        }),
      ),
    );
    return done !== null;
  }
  async function read(sourceId: string) {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: controlKeys.lease(sourceId), ConsistentRead: true }),
    );
    return Item === undefined ? null : leaseItem.parse(Item);
  }
  return {
    async acquire(sourceId, { now, lengthMs }) {
      const acquired = await nullIfRefused(
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: controlKeys.lease(sourceId),
            UpdateExpression: 'SET fence = if_not_exists(fence, :none) + :one, #until = :until, clean = :clean',
            ConditionExpression: 'attribute_not_exists(fence) OR #until <= :now',
            ExpressionAttributeNames: { '#until': 'until' },
            ExpressionAttributeValues: { ':none': 0, ':one': 1, ':until': now + lengthMs, ':clean': false, ':now': now },
            ReturnValues: 'ALL_OLD',
          }),
        ),
      );
      if (acquired === null) return null;
      const before = acquired.Attributes?.fence === undefined ? null : leaseItem.parse(acquired.Attributes);
      return { fence: (before?.fence ?? 0) + 1, wasCutOff: before !== null && !before.clean };
    },
    renew: (sourceId, fence, { now, lengthMs }) => set(sourceId, fence, { until: now + lengthMs }),
    async release(sourceId, fence, { now, clean }) {
      await set(sourceId, fence, { until: now, clean });
    },
    heldUntil: async (sourceId) => (await read(sourceId))?.until ?? null,
  };
}
