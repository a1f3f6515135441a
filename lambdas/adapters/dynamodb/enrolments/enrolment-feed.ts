/**
 * When the portal last sent an event: one Control item. A feed that turns fresh or stale can change the verdict of every
 * device. The turn to fresh is owed to evaluation (`owed`) until `announced` was called; the turn to stale happens by time
 * alone and is owed until `staleTold` holds the time of the last event. Both turns are lines of the journal; after a crash in
 * between, the next event or the schedule that asks for a `turn` completes them.
 */
import { GetCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { sourceLineItem } from '#adapters/dynamodb/journal/timeline';
import { controlKeys } from '#adapters/dynamodb/keys';
import { doneOnce } from '#adapters/dynamodb/transactions';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import type { EnrolmentFeed } from '#domain/enrolment/enrolment';
import { feedLine } from '#domain/quarantine/source-lines';

const feedItem = z.object({ lastAt: z.number(), owed: z.boolean().default(false), staleTold: z.number().optional() });
/** The feed turned; everyone is to be evaluated. `lastAt`: when the last event was received, epoch ms. */
export type FeedTurn = { to: 'fresh' | 'stale'; lastAt: number };
const hour = 3_600_000;
/** A process that noted the feed as fresh does not write it again for this long: no item is written at every event. Ms. */
const notedFor = 60_000;

export type EnrolmentFeedStore = ReturnType<typeof enrolmentFeedStore>;

type State = {
  client: DocumentClient;
  tables: { control: string; journal: string };
  staleHours: number;
  timing: RetryTiming;
  /** Until when this process does not write a fresh feed again, epoch ms. */
  notedUntil: number;
};

/** The portal's feed in DynamoDB. `staleHours`: after that long without an event it is stale. `timing`: of retries. */
export function enrolmentFeedStore(
  client: DocumentClient,
  tables: { control: string; journal: string },
  staleHours: number,
  { timing = realTiming } = {},
) {
  const state: State = { client, tables, staleHours, timing, notedUntil: 0 };
  return {
    /** As it is at `now` (epoch ms), and when the last event was received. */
    async state(now: number): Promise<{ feed: EnrolmentFeed; lastAt: number | null }> {
      const item = await read(state);
      return { feed: feedAt(item, now, staleHours), lastAt: item?.lastAt ?? null };
    },

    /** Notes that the portal sent an event. `owed`: every user of every source is to be evaluated, then `announced`. */
    noteEvent: (now: number): Promise<'owed' | 'noted'> => noteEvent(state, now),

    /** The turn to fresh was sent to evaluation. */
    announced: async (): Promise<void> => void (await set(state, { owed: false })),

    /** A turn that was not sent to evaluation for everyone, as far as is known; null when there is none. */
    turn: (now: number): Promise<FeedTurn | null> => owedTurn(state, now),

    /** Everyone was sent to evaluation because of this turn to stale. */
    staleAnnounced: ({ lastAt }: FeedTurn): Promise<void> =>
      setWithLine(state, { staleTold: lastAt }, feedLine('stale', lastAt + staleHours * hour)),
  };
}

type FeedItem = z.infer<typeof feedItem>;
type Change = Partial<FeedItem>;

function feedAt(item: FeedItem | null, now: number, staleHours: number): EnrolmentFeed {
  if (!item) return 'never';
  return now - item.lastAt <= staleHours * hour ? 'fresh' : 'stale';
}

const feedKey = ({ tables }: State) => ({ TableName: tables.control, Key: controlKeys.enrolmentFeed() });

async function read(state: State): Promise<FeedItem | null> {
  const { Item } = await state.client.send(new GetCommand({ ...feedKey(state), ConsistentRead: true }));
  return Item ? feedItem.parse(Item) : null;
}

async function noteEvent(state: State, now: number): Promise<'owed' | 'noted'> {
  if (now < state.notedUntil) return 'noted';
  const before = await read(state);
  const turns = feedAt(before, now, state.staleHours) !== 'fresh';
  const owed = before?.owed === true || turns;
  if (turns) await setWithLine(state, { lastAt: now, owed: true }, feedLine('fresh', now));
  else await set(state, { lastAt: now });
  if (!owed) state.notedUntil = now + notedFor;
  return owed ? 'owed' : 'noted';
}

async function owedTurn(state: State, now: number): Promise<FeedTurn | null> {
  const item = await read(state);
  if (!item) return null;
  const { lastAt, owed, staleTold } = item;
  if (feedAt(item, now, state.staleHours) === 'stale') return staleTold === lastAt ? null : { to: 'stale', lastAt };
  return owed ? { to: 'fresh', lastAt } : null;
}

async function set(state: State, change: Change): Promise<void> {
  await state.client.send(new UpdateCommand(updateOf(state, change)));
}

/** With the line of a turn: both or none. The same turn again changes nothing. */
async function setWithLine(state: State, change: Change, line: Parameters<typeof sourceLineItem>[1]): Promise<void> {
  const Put = {
    TableName: state.tables.journal,
    Item: sourceLineItem('*', line),
    ConditionExpression: 'attribute_not_exists(pk)',
  };
  const TransactItems = [{ Update: updateOf(state, change) }, { Put }];
  await doneOnce(() => state.client.send(new TransactWriteCommand({ TransactItems })), 'The enrolment feed', state.timing);
}

function updateOf(state: State, change: Change) {
  const names = Object.keys(change);
  return {
    ...feedKey(state),
    UpdateExpression: `SET ${names.map((name) => `${name} = :${name}`).join(', ')}`,
    ExpressionAttributeValues: Object.fromEntries(Object.entries(change).map(([name, value]) => [`:${name}`, value])),
  };
}
