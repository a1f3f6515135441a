/**
 * When the portal last sent an event: one Control item. A feed that turns fresh or stale can change the verdict of every
 * device. The turn to fresh is pending (`owed`) until `announced` is called; the turn to stale happens by time alone and is
 * pending until `staleTold` is the time of the last event. Both turns are lines of the journal; after a crash in between, the
 * next event or the schedule that calls `turn` completes them.
 */
import { GetCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { nullIfRefused } from '#adapters/dynamodb/conditional-write';
import { sourceLineItem } from '#adapters/dynamodb/journal/timeline';
import { controlKeys } from '#adapters/dynamodb/keys';
import { doneOnce } from '#adapters/dynamodb/transactions';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import type { EnrolmentFeed } from '#domain/enrolment/enrolment';
import { feedLine } from '#domain/quarantine/source-lines';

const feedItem = z.object({
  lastAt: z.number(),
  owed: z.boolean().default(false),
  /** Until when one worker owns the turn to fresh, epoch ms. */
  claimedUntil: z.number().optional(),
  staleTold: z.number().optional(),
});
/** The feed turned; all users must be evaluated. `lastAt`: when the last event was received, epoch ms. */
export type FeedTurn = { to: 'fresh' | 'stale'; lastAt: number };
const hour = 3_600_000;
/** A process that recorded the feed as fresh does not write it again for this long, so that not every event writes. Ms. */
const notedFor = 60_000;
/** Longer than any function that owns a turn may run, so a running owner is never replaced. Ms. */
const claimMs = 90_000;

export type EnrolmentFeedStore = ReturnType<typeof enrolmentFeedStore>;

type State = {
  client: DocumentClient;
  tables: { control: string; journal: string };
  staleHours: number;
  timing: RetryTiming;
  /** Until when this process does not write a fresh feed again, epoch ms. */
  notedUntil: number;
};

/** The portal's feed in DynamoDB. `staleHours`: after that many hours without an event it is stale. `timing`: of retries. */
export function enrolmentFeedStore(
  client: DocumentClient,
  tables: { control: string; journal: string },
  staleHours: number,
  { timing = realTiming } = {},
) {
  const state: State = { client, tables, staleHours, timing, notedUntil: 0 };
  return {
    /** Its state at `now`, and when the last event was received (both epoch ms). */
    async state(now: number): Promise<{ feed: EnrolmentFeed; lastAt: number | null }> {
      const item = await read(state);
      return { feed: feedAt(item, now, staleHours), lastAt: item?.lastAt ?? null };
    },

    /**
     * Records that the portal sent an event (`now`: epoch ms). `owed`, to one caller only: the feed turned fresh, so the caller
     * evaluates every user of every source, then calls `announced`. A later caller or the schedule takes over from one that dies.
     */
    noteEvent: (now: number): Promise<'owed' | 'noted'> => noteEvent(state, now),

    /** The turn to fresh was sent to evaluation. */
    announced: async (): Promise<void> => void (await state.client.send(new UpdateCommand(updateOf(state, { owed: false })))),

    /** A turn for which not everyone is known to have been sent to evaluation; null when there is none. */
    turn: (now: number): Promise<FeedTurn | null> => pendingTurn(state, now),

    /** Everyone was sent to evaluation because of this turn to stale. */
    staleAnnounced: ({ lastAt }: FeedTurn): Promise<void> => noteStaleAnnounced(state, lastAt),
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
  if (feedAt(before, now, state.staleHours) !== 'fresh') return turnFresh(state, before, now);
  if (before?.owed) return claimTurn(state, before, now);
  await state.client.send(new UpdateCommand(updateOf(state, { lastAt: now })));
  state.notedUntil = now + notedFor;
  return 'noted';
}

/** Of all callers that find the feed silent at the same time, one writes the turn and owns it. */
async function turnFresh(state: State, before: FeedItem | null, now: number): Promise<'owed' | 'noted'> {
  const change = { lastAt: now, owed: true, claimedUntil: now + claimMs };
  return (await setWithLine(state, { change, before }, feedLine('fresh', now))) ? 'owed' : 'noted';
}

/** Takes over a turn whose owner must have died. */
async function claimTurn(state: State, { claimedUntil }: FeedItem, now: number): Promise<'owed' | 'noted'> {
  if (claimedUntil !== undefined && now < claimedUntil) return 'noted';
  const update = updateOf(state, { claimedUntil: now + claimMs });
  const unclaimed = claimedUntil === undefined;
  const claimed = await nullIfRefused(
    state.client.send(
      new UpdateCommand({
        ...update,
        ConditionExpression: `owed = :owed AND ${unclaimed ? 'attribute_not_exists(claimedUntil)' : 'claimedUntil = :was'}`,
        ExpressionAttributeValues: {
          ...update.ExpressionAttributeValues,
          ':owed': true,
          ...(unclaimed ? {} : { ':was': claimedUntil }),
        },
      }),
    ),
  );
  return claimed === null ? 'noted' : 'owed';
}

async function pendingTurn(state: State, now: number): Promise<FeedTurn | null> {
  const item = await read(state);
  if (!item) return null;
  const { lastAt, owed, staleTold } = item;
  if (feedAt(item, now, state.staleHours) === 'stale') return staleTold === lastAt ? null : { to: 'stale', lastAt };
  return owed && now >= (item.claimedUntil ?? 0) ? { to: 'fresh', lastAt } : null;
}

/** Writes nothing when the portal has sent an event since: the turn is over. */
async function noteStaleAnnounced(state: State, lastAt: number): Promise<void> {
  const before = await read(state);
  if (before?.lastAt !== lastAt) return;
  await setWithLine(state, { change: { staleTold: lastAt }, before }, feedLine('stale', lastAt + state.staleHours * hour));
}

type ChangeSince = { change: Change; before: FeedItem | null };

/** Writes the line of a turn too, both or none, and only while the feed is unchanged. False when another writer was first. */
async function setWithLine(
  state: State,
  { change, before }: ChangeSince,
  line: Parameters<typeof sourceLineItem>[1],
): Promise<boolean> {
  const Put = {
    TableName: state.tables.journal,
    Item: sourceLineItem('*', line),
    ConditionExpression: 'attribute_not_exists(pk)',
  };
  const update = updateOf(state, change);
  const Update = {
    ...update,
    ConditionExpression: before === null ? 'attribute_not_exists(lastAt)' : 'lastAt = :was',
    ExpressionAttributeValues: { ...update.ExpressionAttributeValues, ...(before === null ? {} : { ':was': before.lastAt }) },
  };
  const TransactItems = [{ Update }, { Put }];
  return doneOnce(() => state.client.send(new TransactWriteCommand({ TransactItems })), 'The enrolment feed', state.timing);
}

function updateOf(state: State, change: Change) {
  const names = Object.keys(change);
  return {
    ...feedKey(state),
    UpdateExpression: `SET ${names.map((name) => `${name} = :${name}`).join(', ')}`,
    ExpressionAttributeValues: Object.fromEntries(Object.entries(change).map(([name, value]) => [`:${name}`, value])),
  };
}
