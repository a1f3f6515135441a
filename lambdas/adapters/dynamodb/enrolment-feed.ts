/**
 * When the portal was last heard from: one Control item. A feed that turns fresh can change the verdict of every device, so
 * the turn is owed to evaluation (`owed`) until `announced` was called; a crash in between is made good by the next event.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { controlKeys } from '#adapters/dynamodb/keys';
import type { EnrolmentFeed } from '#domain/enrolment';

const feedItem = z.object({ lastAt: z.number(), owed: z.boolean().default(false) });
const hour = 3_600_000;
/** A process that noted the feed as fresh does not write it again for so long: no item is written at every event. */
const notedFor = 60_000;

export type EnrolmentFeedStore = ReturnType<typeof enrolmentFeedStore>;

export function enrolmentFeedStore(client: DocumentClient, table: string, staleHours: number) {
  const key = { TableName: table, Key: controlKeys.enrolmentFeed() };
  let notedUntil = 0;

  async function read() {
    const { Item } = await client.send(new GetCommand({ ...key, ConsistentRead: true }));
    return Item ? feedItem.parse(Item) : null;
  }
  function stateOf(item: z.infer<typeof feedItem> | null, now: number): EnrolmentFeed {
    if (!item) return 'never';
    return now - item.lastAt <= staleHours * hour ? 'fresh' : 'stale';
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
      const owed = before?.owed === true || stateOf(before, now) !== 'fresh';
      await client.send(
        new UpdateCommand({
          ...key,
          UpdateExpression: owed ? 'SET lastAt = :now, owed = :owed' : 'SET lastAt = :now',
          ExpressionAttributeValues: owed ? { ':now': now, ':owed': true } : { ':now': now },
        }),
      );
      if (!owed) notedUntil = now + notedFor;
      return owed ? 'owed' : 'noted';
    },

    async announced(): Promise<void> {
      await client.send(
        new UpdateCommand({ ...key, UpdateExpression: 'SET owed = :owed', ExpressionAttributeValues: { ':owed': false } }),
      );
    },
  };
}
