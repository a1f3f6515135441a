/**
 * Which relay of a source gathers and acts: a lease with a fencing number, one item of the Control table per source.
 * Invariants: the number grows with each new holder; only the holder renews; a lease that ended is anybody's. The item counts
 * what was sent to the holder, so that one write numbers a message and tells where it goes.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '../client.ts';
import { controlKeys } from '../keys.ts';

export const relayLease = z.object({
  holder: z.string(),
  connectionId: z.string(),
  fence: z.number().int(),
  until: z.number(),
  /** When this holder took it. */
  since: z.number(),
  /** Messages sent to relays of this source, and acknowledged by them. */
  sent: z.number().int().default(0),
  acked: z.number().int().default(0),
});
export type RelayLease = z.infer<typeof relayLease>;
type Holder = { relayId: string; connectionId: string };

export type RelayLeaseStore = {
  /** Strongly consistent; null when there never was one. */
  read(sourceId: string): Promise<RelayLease | null>;
  /** Null while another relay's lease runs. Its own running lease is continued, with the connection that asks. */
  take(sourceId: string, holder: Holder, options: { now: number; lengthMs: number }): Promise<RelayLease | null>;
  /** False when it is another's by now. */
  renew(sourceId: string, holder: Holder & { fence: number }, options: { now: number; lengthMs: number }): Promise<boolean>;
  /** Ends it at once; `fence` left out: whichever this relay holds. Whether there was anything to end. */
  release(sourceId: string, relayId: string, options: { now: number; fence?: number }): Promise<boolean>;
  /** Numbers one message to the holder; null when nobody holds the lease. */
  number(sourceId: string, options: { now: number }): Promise<(RelayLease & { n: number }) | null>;
  acknowledge(sourceId: string, count: number): Promise<void>;
};

export function relayLeaseStore(client: DocumentClient, table: string): RelayLeaseStore {
  async function set(sourceId: string, update: string, condition: string, values: Record<string, unknown>) {
    const names = Object.fromEntries(
      ['until', 'holder'].filter((name) => `${update} ${condition}`.includes(`#${name}`)).map((name) => [`#${name}`, name]),
    );
    const command = new UpdateCommand({
      TableName: table,
      Key: controlKeys.relayLease(sourceId),
      UpdateExpression: update,
      ConditionExpression: condition,
      ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
      ExpressionAttributeValues: values,
      ReturnValues: 'ALL_NEW',
    });
    const done = await client.send(command).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return null;
      throw error;
    });
    return done === null ? null : relayLease.parse(done.Attributes);
  }

  return {
    async read(sourceId) {
      const { Item } = await client.send(
        new GetCommand({ TableName: table, Key: controlKeys.relayLease(sourceId), ConsistentRead: true }),
      );
      return Item === undefined ? null : relayLease.parse(Item);
    },
    async take(sourceId, { relayId, connectionId }, { now, lengthMs }) {
      const values = { ':me': relayId, ':connection': connectionId, ':until': now + lengthMs, ':now': now };
      const continued = await set(
        sourceId,
        'SET #until = :until, connectionId = :connection',
        '#holder = :me AND #until > :now',
        values,
      );
      if (continued !== null) return continued;
      return set(
        sourceId,
        'SET #holder = :me, connectionId = :connection, #until = :until, since = :now, fence = if_not_exists(fence, :none) + :one',
        'attribute_not_exists(fence) OR #until <= :now',
        { ...values, ':none': 0, ':one': 1 },
      );
    },
    renew: async (sourceId, { relayId, connectionId, fence }, { now, lengthMs }) =>
      (await set(sourceId, 'SET #until = :until, connectionId = :connection', '#holder = :me AND fence = :fence', {
        ':until': now + lengthMs,
        ':connection': connectionId,
        ':me': relayId,
        ':fence': fence,
      })) !== null,
    release: async (sourceId, relayId, { now, fence }) =>
      (await set(sourceId, 'SET #until = :now', `#holder = :me${fence === undefined ? '' : ' AND fence = :fence'}`, {
        ':now': now,
        ':me': relayId,
        ...(fence === undefined ? {} : { ':fence': fence }),
      })) !== null,
    async number(sourceId, { now }) {
      const numbered = await set(sourceId, 'SET sent = if_not_exists(sent, :none) + :one', '#until > :now', {
        ':none': 0,
        ':one': 1,
        ':now': now,
      });
      return numbered && { ...numbered, n: numbered.sent };
    },
    async acknowledge(sourceId, count) {
      await set(sourceId, 'SET acked = if_not_exists(acked, :none) + :count', 'attribute_exists(fence)', {
        ':none': 0,
        ':count': count,
      });
    },
  };
}
