/**
 * When the portal last sent an event: one Control item. A feed that turns fresh or stale can change the verdict of every device.
 *
 * The turn to fresh has one owner at a time (`noteEvent`). The feed keeps its former state for evaluations until the guard has
 * looked at the turn (`cleared`); then it is a line of the journal, everyone is sent to evaluation, and the turn is over
 * (`announced`). An owner that dies is replaced by a later event, or by its own event when that is redelivered.
 *
 * The turn to stale happens by time alone and is owed until `staleTold` holds the time of the last event.
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
  /** When the turn to fresh began, epoch ms, and what the feed was before. */
  turnedAt: z.number().optional(),
  turnedFrom: z.enum(['never', 'stale']).optional(),
  /** Whether the guard has looked at the turn. Turns of version 0.1 do not say so, and count as cleared. */
  cleared: z.boolean().optional(),
  staleTold: z.number().optional(),
});
/** The feed turned stale, and everyone is to be evaluated. `lastAt`: when the last event was received, epoch ms. */
export type StaleTurn = { lastAt: number };
/** `owed`: the caller owns the turn to fresh that began at `turnedAt` (epoch ms), and completes it. */
export type EventNoted = { outcome: 'noted' } | { outcome: 'owed'; turnedAt: number };
const hour = 3_600_000;
/** A process that recorded the feed as fresh does not write it again for this long, so that not every event writes. Ms. */
const notedFor = 60_000;
/** Longer than the function that takes events may run, and shorter than the time after which SQS redelivers its event. Ms. */
const claimMs = 70_000;
const noted: EventNoted = { outcome: 'noted' };

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
     * Notes that the portal sent an event. `owed`, to one caller only: the feed turns fresh. The caller has the guard look at the
     * turn, then calls `cleared`, sends every user of every source to evaluation, and calls `announced`.
     */
    noteEvent: (now: number): Promise<EventNoted> => noteEvent(state, now),

    /** The guard has looked: from now on the feed is fresh, and a line of the journal says so. */
    cleared: (now: number): Promise<void> => noteCleared(state, now),

    /** Everyone was sent to evaluation because of the turn to fresh. */
    announced: async (): Promise<void> => {
      await state.client.send(new UpdateCommand(updateOf(state, { owed: false })));
    },

    /** A turn to stale for which not everyone was sent to evaluation, as far as is known; null when there is none. */
    staleTurn: (now: number): Promise<StaleTurn | null> => staleTurn(state, now),

    /** Everyone was sent to evaluation because of this turn to stale. */
    staleAnnounced: ({ lastAt }: StaleTurn): Promise<void> => noteStaleAnnounced(state, lastAt),
  };
}

type FeedItem = z.infer<typeof feedItem>;
type Change = Partial<FeedItem>;

/** As evaluations see it. */
function feedAt(item: FeedItem | null, now: number, staleHours: number): EnrolmentFeed {
  const byTime = feedByTime(item, now, staleHours);
  if (byTime !== 'fresh' || !item?.owed || item.cleared !== false) return byTime;
  return item.turnedFrom ?? 'stale';
}

function feedByTime(item: FeedItem | null, now: number, staleHours: number): EnrolmentFeed {
  if (!item) return 'never';
  return now - item.lastAt <= staleHours * hour ? 'fresh' : 'stale';
}

const feedKey = ({ tables }: State) => ({ TableName: tables.control, Key: controlKeys.enrolmentFeed() });

async function read(state: State): Promise<FeedItem | null> {
  const { Item } = await state.client.send(new GetCommand({ ...feedKey(state), ConsistentRead: true }));
  return Item ? feedItem.parse(Item) : null;
}

async function noteEvent(state: State, now: number): Promise<EventNoted> {
  if (now < state.notedUntil) return noted;
  const before = await read(state);
  const feed = feedByTime(before, now, state.staleHours);
  if (feed !== 'fresh') return turnFresh(state, { before, from: feed }, now);
  if (before?.owed) return claimTurn(state, before, now);
  await state.client.send(new UpdateCommand(updateOf(state, { lastAt: now })));
  state.notedUntil = now + notedFor;
  return noted;
}

/** Of all callers that find the feed silent at the same moment, one begins the turn and owns it. */
async function turnFresh(
  state: State,
  { before, from }: { before: FeedItem | null; from: 'never' | 'stale' },
  now: number,
): Promise<EventNoted> {
  const change = { lastAt: now, owed: true, claimedUntil: now + claimMs, turnedAt: now, turnedFrom: from, cleared: false };
  const written = await nullIfRefused(state.client.send(new UpdateCommand(unchangedSince(updateOf(state, change), before))));
  return written === null ? noted : { outcome: 'owed', turnedAt: now };
}

/** Takes over a turn whose owner must have died. */
async function claimTurn(state: State, { claimedUntil, turnedAt, lastAt }: FeedItem, now: number): Promise<EventNoted> {
  if (claimedUntil !== undefined && now < claimedUntil) return noted;
  const update = updateOf(state, { claimedUntil: now + claimMs });
  const unclaimed = claimedUntil === undefined;
  const claim = new UpdateCommand({
    ...update,
    ConditionExpression: `owed = :owed AND ${unclaimed ? 'attribute_not_exists(claimedUntil)' : 'claimedUntil = :was'}`,
    ExpressionAttributeValues: {
      ...update.ExpressionAttributeValues,
      ':owed': true,
      ...(unclaimed ? {} : { ':was': claimedUntil }),
    },
  });
  const claimed = await nullIfRefused(state.client.send(claim));
  return claimed === null ? noted : { outcome: 'owed', turnedAt: turnedAt ?? lastAt };
}

/** Nothing when it is cleared already. */
async function noteCleared(state: State, now: number): Promise<void> {
  const update = updateOf(state, { cleared: true });
  const Update = {
    ...update,
    ConditionExpression: 'owed = :owed AND cleared = :uncleared',
    ExpressionAttributeValues: { ...update.ExpressionAttributeValues, ':owed': true, ':uncleared': false },
  };
  await writeWithLine(state, Update, feedLine('fresh', now));
}

async function staleTurn(state: State, now: number): Promise<StaleTurn | null> {
  const item = await read(state);
  if (!item || feedByTime(item, now, state.staleHours) !== 'stale' || item.staleTold === item.lastAt) return null;
  return { lastAt: item.lastAt };
}

/** Writes nothing when the portal has sent an event since: the turn is over. */
async function noteStaleAnnounced(state: State, lastAt: number): Promise<void> {
  const before = await read(state);
  if (before?.lastAt !== lastAt) return;
  const Update = unchangedSince(updateOf(state, { staleTold: lastAt }), before);
  await writeWithLine(state, Update, feedLine('stale', lastAt + state.staleHours * hour));
}

type Update = ReturnType<typeof updateOf>;

/** Refused when the portal has sent an event since `before` was read. */
function unchangedSince(update: Update, before: FeedItem | null) {
  return {
    ...update,
    ConditionExpression: before === null ? 'attribute_not_exists(lastAt)' : 'lastAt = :seen',
    ExpressionAttributeValues: { ...update.ExpressionAttributeValues, ...(before === null ? {} : { ':seen': before.lastAt }) },
  };
}

/** With the line of a turn: both or none. Nothing when the condition of `Update` does not hold. */
async function writeWithLine(state: State, Update: Update, line: Parameters<typeof sourceLineItem>[1]): Promise<void> {
  const Put = {
    TableName: state.tables.journal,
    Item: sourceLineItem('*', line),
    ConditionExpression: 'attribute_not_exists(pk)',
  };
  const TransactItems = [{ Update }, { Put }];
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
