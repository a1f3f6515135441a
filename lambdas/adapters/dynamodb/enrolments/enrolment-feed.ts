/**
 * When the portal was last heard from: one Control item. A feed that turns fresh or stale can change the verdict of every
 * device. The turn to fresh is owed to evaluation (`owed`) until `announced` was called; the turn to stale happens by time
 * alone and is told until `staleTold` holds the time that the portal was last heard. Both turns are lines of the journal; a
 * crash in between is made good by the next event, or by the schedule that asks for a `turn`.
 */
import { GetCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { sourceLineItem } from '#adapters/dynamodb/journal/timeline';
import { controlKeys } from '#adapters/dynamodb/keys';
import { doneOnce } from '#adapters/dynamodb/transactions';
import type { EnrolmentFeed } from '#domain/enrolment/enrolment';
import { feedLine } from '#domain/quarantine/source-lines';

const feedItem = z.object({ lastAt: z.number(), owed: z.boolean().default(false), staleTold: z.number().optional() });
/** The feed turned; everyone is to be decided anew. `lastAt`: when the portal was last heard from. */
export type FeedTurn = { to: 'fresh' | 'stale'; lastAt: number };
const hour = 3_600_000;
/** A process that noted the feed as fresh does not write it again for so long: no item is written at every event. */
const notedFor = 60_000;

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

  /** With the line of a turn: both or none. The same turn again changes nothing. */
  async function write(values: Record<string, unknown>, line: Parameters<typeof sourceLineItem>[1]): Promise<void> {
    const names = Object.keys(values);
    const Update = {
      ...key,
      UpdateExpression: `SET ${names.map((name) => `${name} = :${name}`).join(', ')}`,
      ExpressionAttributeValues: Object.fromEntries(names.map((name) => [`:${name}`, values[name]])),
    };
    const Put = {
      TableName: tables.journal,
      Item: sourceLineItem('*', line),
      ConditionExpression: 'attribute_not_exists(pk)',
    };
    await doneOnce(() => client.send(new TransactWriteCommand({ TransactItems: [{ Update }, { Put }] })), 'The enrolment feed');
  }

  return {
    async state(now: number): Promise<{ feed: EnrolmentFeed; lastAt: number | null }> {
      const item = await read();
      return { feed: stateOf(item, now), lastAt: item?.lastAt ?? null };
    },

    /** Notes that the portal was heard from. `owed`: every user of every source is to be decided anew, then `announced`. */
    async heard(now: number): Promise<'owed' | 'noted'> {
      if (now < notedUntil) return 'noted';
      const before = await read();
      const turns = stateOf(before, now) !== 'fresh';
      const owed = before?.owed === true || turns;
      if (turns) await write({ lastAt: now, owed: true }, feedLine('fresh', now));
      else
        await client.send(
          new UpdateCommand({ ...key, UpdateExpression: 'SET lastAt = :now', ExpressionAttributeValues: { ':now': now } }),
        );
      if (!owed) notedUntil = now + notedFor;
      return owed ? 'owed' : 'noted';
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
      return owed ? { to: 'fresh', lastAt } : null;
    },

    /** Everyone was sent to evaluation on account of this turn to stale. */
    async staleTold({ lastAt }: FeedTurn): Promise<void> {
      await write({ staleTold: lastAt }, feedLine('stale', lastAt + staleHours * hour));
    },
  };
}
