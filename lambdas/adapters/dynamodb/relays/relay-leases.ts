/**
 * Which relay of a source is active: a lease with a fencing number, one item of the Control table per source.
 * Invariants: the number grows with each new holder; only the holder renews; any relay may take an expired lease. The item counts
 * the messages sent to the holder, so that one write numbers a message and returns the connection it goes to.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { controlKeys } from '../keys.ts';

export const relayLease = z.object({
  holder: z.string(),
  connectionId: z.string(),
  fence: z.number().int(),
  until: z.number(),
  /** When this holder took it, epoch ms. */
  since: z.number(),
  /** Number of messages sent to relays of this source; `acked`: acknowledged by them. */
  sent: z.number().int().default(0),
  acked: z.number().int().default(0),
});
export type RelayLease = z.infer<typeof relayLease>;
type Holder = { relayId: string; connectionId: string };

export type RelayLeaseStore = {
  /** Strongly consistent; null when there never was one. */
  read(sourceId: string): Promise<RelayLease | null>;
  /** Null while another relay holds the lease. A relay's own lease is continued, with the connection that asks. */
  take(sourceId: string, holder: Holder, options: Duration): Promise<RelayLease | null>;
  /** False when another relay holds it now. */
  renew(sourceId: string, holder: Holder & { fence: number }, options: Duration): Promise<boolean>;
  /** Ends it immediately; without `fence`: whichever lease this relay holds. False when it holds none. */
  release(sourceId: string, relayId: string, options: { now: number; fence?: number }): Promise<boolean>;
  /** Numbers one message to the holder; null when nobody holds the lease. */
  number(sourceId: string, options: { now: number }): Promise<(RelayLease & { n: number }) | null>;
  acknowledge(sourceId: string, count: number): Promise<void>;
};

type State = { client: DocumentClient; table: string };
type Duration = { now: number; lengthMs: number };

/** Relay leases in the Control table. */
export function relayLeaseStore(client: DocumentClient, table: string): RelayLeaseStore {
  const state: State = { client, table };
  return {
    read: (sourceId) => readLease(state, sourceId),
    take: (sourceId, holder, duration) => takeLease(state, sourceId, { ...holder, ...duration }),
    renew: async (sourceId, { relayId, connectionId, fence }, { now, lengthMs }) => {
      const renewed = await set(state, sourceId, {
        update: 'SET #until = :until, connectionId = :connection',
        condition: '#holder = :me AND fence = :fence',
        values: { ':until': now + lengthMs, ':connection': connectionId, ':me': relayId, ':fence': fence },
      });
      return renewed !== null;
    },
    release: async (sourceId, relayId, { now, fence }) => {
      const released = await set(state, sourceId, {
        update: 'SET #until = :now',
        condition: `#holder = :me${fence === undefined ? '' : ' AND fence = :fence'}`,
        values: { ':now': now, ':me': relayId, ...(fence === undefined ? {} : { ':fence': fence }) },
      });
      return released !== null;
    },
    number: async (sourceId, { now }) => {
      const numbered = await set(state, sourceId, {
        update: 'SET sent = if_not_exists(sent, :none) + :one',
        condition: '#until > :now',
        values: { ':none': 0, ':one': 1, ':now': now },
      });
      return numbered && { ...numbered, n: numbered.sent };
    },
    /** Does nothing for a source without a lease. */
    acknowledge: async (sourceId, count) => {
      await set(state, sourceId, {
        update: 'SET acked = if_not_exists(acked, :none) + :count',
        condition: 'attribute_exists(fence)',
        values: { ':none': 0, ':count': count },
      });
    },
  };
}

async function readLease({ client, table }: State, sourceId: string): Promise<RelayLease | null> {
  const Key = controlKeys.relayLease(sourceId);
  const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
  return Item === undefined ? null : relayLease.parse(Item);
}

/** Continues the relay's own lease, or takes an expired one. */
async function takeLease(
  state: State,
  sourceId: string,
  { relayId, connectionId, now, lengthMs }: Holder & Duration,
): Promise<RelayLease | null> {
  const values = { ':me': relayId, ':connection': connectionId, ':until': now + lengthMs, ':now': now };
  const continued = await set(state, sourceId, {
    update: 'SET #until = :until, connectionId = :connection',
    condition: '#holder = :me AND #until > :now',
    values,
  });
  if (continued !== null) return continued;
  return set(state, sourceId, {
    update:
      'SET #holder = :me, connectionId = :connection, #until = :until, since = :now, fence = if_not_exists(fence, :none) + :one',
    condition: 'attribute_not_exists(fence) OR #until <= :now',
    values: { ...values, ':none': 0, ':one': 1 },
  });
}

type Change = { update: string; condition: string; values: Record<string, unknown> };

/** The lease after the write; null when the condition fails. */
async function set({ client, table }: State, sourceId: string, { update, condition, values }: Change) {
  const reserved = ['until', 'holder'].filter((name) => `${update} ${condition}`.includes(`#${name}`));
  const names = Object.fromEntries(reserved.map((name) => [`#${name}`, name]));
  const command = new UpdateCommand({
    TableName: table,
    Key: controlKeys.relayLease(sourceId),
    UpdateExpression: update,
    ConditionExpression: condition,
    ...(reserved.length === 0 ? {} : { ExpressionAttributeNames: names }),
    ExpressionAttributeValues: values,
    ReturnValues: 'ALL_NEW',
  });
  const done = await nullIfRefused(client.send(command));
  return done === null ? null : relayLease.parse(done.Attributes);
}
