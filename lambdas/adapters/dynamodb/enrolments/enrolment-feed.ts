/**
 * When the portal was last heard from: one Control item. A feed that turns fresh or stale can change the verdict of every
 * device. The turn to fresh is owed to evaluation (`owed`) until `announced` was called; the turn to stale happens by time
 * alone and is told until `staleTold` holds the time that the portal was last heard. Both turns are lines of the journal; a
 * crash in between is made good by the next event, or by the schedule that asks for a `turn`.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { sourceLineItem } from '#adapters/dynamodb/journal/timeline';
import { controlKeys } from '#adapters/dynamodb/keys';
import { doneOnce } from '#adapters/dynamodb/transactions';
import type { EnrolmentFeed } from '#domain/enrolment/enrolment';
import { feedLine } from '#domain/quarantine/source-lines';

const feedItem = z.object({
  lastAt: z.number(),
  owed: z.boolean().default(false),
  /** Until when one worker has the turn to fresh in hand (epoch ms). */
  claimedUntil: z.number().optional(),
  staleTold: z.number().optional(),
});
type FeedItem = z.infer<typeof feedItem>;
/** The feed turned; everyone is to be decided anew. `lastAt`: when the portal was last heard from. */
export type FeedTurn = { to: 'fresh' | 'stale'; lastAt: number };
const hour = 3_600_000;
/** A process that noted the feed as fresh does not write it again for so long: no item is written at every event. */
const notedFor = 60_000;
/** Sending the turn to evaluation takes well under a second. */
const claimMs = 30_000;

async function wasWritten(update: Promise<unknown>): Promise<boolean> {
  try {
    await update;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

export type EnrolmentFeedStore = ReturnType<typeof enrolmentFeedStore>;

export function enrolmentFeedStore(client: DocumentClient, tables: { control: string; journal: string }, staleHours: number) {
  const key = { TableName: tables.control, Key: controlKeys.enrolmentFeed() };
  let notedUntil = 0;

  async function read() {
    const { Item } = await client.send(new GetCommand({ ...key, ConsistentRead: true }));
    return Item ? feedItem.parse(Item) : null;
  }
  function stateOf(item: z.infer<typeof feedItem> | null, now: number): EnrolmentFeed {
    if (!item) return 'never';
    return now - item.lastAt <= staleHours * hour ? 'fresh' : 'stale';
  }

  /** With the line of a turn: both or none, and only while the feed is as it was read. False when somebody else wrote first. */
  async function write(
    values: Record<string, unknown>,
    line: Parameters<typeof sourceLineItem>[1],
    before: FeedItem | null,
  ): Promise<boolean> {
    const names = Object.keys(values);
    const Update = {
      ...key,
      UpdateExpression: `SET ${names.map((name) => `${name} = :${name}`).join(', ')}`,
      ConditionExpression: before === null ? 'attribute_not_exists(lastAt)' : 'lastAt = :was',
      ExpressionAttributeValues: {
        ...Object.fromEntries(names.map((name) => [`:${name}`, values[name]])),
        ...(before === null ? {} : { ':was': before.lastAt }),
      },
    };
    const Put = {
      TableName: tables.journal,
      Item: sourceLineItem('*', line),
      ConditionExpression: 'attribute_not_exists(pk)',
    };
    return doneOnce(() => client.send(new TransactWriteCommand({ TransactItems: [{ Update }, { Put }] })), 'The enrolment feed');
  }

  /** Of all who find the feed silent at the same moment, one writes the turn. */
  async function turnFresh(before: FeedItem | null, now: number): Promise<'owed' | 'noted'> {
    const values = { lastAt: now, owed: true, claimedUntil: now + claimMs };
    return (await write(values, feedLine('fresh', now), before)) ? 'owed' : 'noted';
  }

  /** The turn is owed: somebody has it in hand, or had, and died. */
  async function claimTurn({ claimedUntil }: FeedItem, now: number): Promise<'owed' | 'noted'> {
    if (claimedUntil !== undefined && now < claimedUntil) return 'noted';
    const update = new UpdateCommand({
      ...key,
      UpdateExpression: 'SET claimedUntil = :until',
      ConditionExpression:
        claimedUntil === undefined
          ? 'owed = :owed AND attribute_not_exists(claimedUntil)'
          : 'owed = :owed AND claimedUntil = :was',
      ExpressionAttributeValues: {
        ':owed': true,
        ':until': now + claimMs,
        ...(claimedUntil === undefined ? {} : { ':was': claimedUntil }),
      },
    });
    return (await wasWritten(client.send(update))) ? 'owed' : 'noted';
  }

  return {
    async state(now: number): Promise<{ feed: EnrolmentFeed; lastAt: number | null }> {
      const item = await read();
      return { feed: stateOf(item, now), lastAt: item?.lastAt ?? null };
    },

    /**
     * Notes a contact from the portal. `owed` to one caller only: the feed turned fresh, so every user of every source is to be
     * evaluated, then `announced` is called. Whoever dies in between is replaced by the next caller after `claimMs`.
     */
    async heard(now: number): Promise<'owed' | 'noted'> {
      if (now < notedUntil) return 'noted';
      const before = await read();
      if (stateOf(before, now) !== 'fresh') return turnFresh(before, now);
      if (before?.owed) return claimTurn(before, now);
      await client.send(
        new UpdateCommand({ ...key, UpdateExpression: 'SET lastAt = :now', ExpressionAttributeValues: { ':now': now } }),
      );
      notedUntil = now + notedFor;
      return 'noted';
    },

    async announced(): Promise<void> {
      await client.send(
        new UpdateCommand({ ...key, UpdateExpression: 'SET owed = :owed', ExpressionAttributeValues: { ':owed': false } }),
      );
    },

    /** A turn that not everyone was told of, as far as we know; null when there is none. */
    async turn(now: number): Promise<FeedTurn | null> {
      const item = await read();
      if (!item) return null;
      const { lastAt, owed, staleTold } = item;
      if (stateOf(item, now) === 'stale') return staleTold === lastAt ? null : { to: 'stale', lastAt };
      return owed && now >= (item.claimedUntil ?? 0) ? { to: 'fresh', lastAt } : null;
    },

    /** Everyone was sent to evaluation on account of this turn to stale. */
    async staleTold({ lastAt }: FeedTurn): Promise<void> {
      const item = await read();
      if (item?.lastAt === lastAt) await write({ staleTold: lastAt }, feedLine('stale', lastAt + staleHours * hour), item);
    },
  };
}
