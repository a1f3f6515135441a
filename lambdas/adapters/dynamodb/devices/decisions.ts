/**
 * Decisions of people and portal rules, and their withdrawals, among the items of the user they concern (Devices table). Each
 * is written with its line in the device's timeline, both or none. A withdrawal is a separate item and ends every decision up to
 * its time, so that it takes effect even when it arrives before the decision that it ends.
 */
import { GetCommand, TransactWriteCommand, type TransactWriteCommandInput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { DocumentClient } from '#adapters/dynamodb/client';
import type { Page, PageRequest } from '#adapters/dynamodb/cursor';
import { timelineItem } from '#adapters/dynamodb/journal/timeline';
import { decisionSk, endingDecisions, endingKey, indexes, parseUserPk, userPk, withdrawalSk } from '#adapters/dynamodb/keys';
import { allItems, queryPage } from '#adapters/dynamodb/query-pages';
import { doneOnce } from '#adapters/dynamodb/transactions';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import type { DeviceKey, UserKey } from '#domain/devices/device';
import type { TimelineEntry } from '#domain/journal/timeline';
import {
  type Decision,
  decision as decisionSchema,
  type Withdrawal,
  withdrawal as withdrawalSchema,
} from '#domain/quarantine/decision';
import { decisionLine, withdrawalLine, withWithdrawals } from '#domain/quarantine/decisions';

type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;
type State = { client: DocumentClient; tables: { devices: string; journal: string }; timing: RetryTiming };
export type DecisionStore = ReturnType<typeof decisionStore>;
/** A decision that expires: whose it is, when (epoch ms), and the item's sort key. */
export type EndingDecision = { key: UserKey; sk: string; expiresAt: number };
/** `cause`: identifies the withdrawal for deduplication, for example an event's id. */
export type Withdrawing = { at: number; by: string; cause: string; reason?: string };

const endingsOfPage = 1000;

/** Decisions in DynamoDB. `timing`: of retries. */
export function decisionStore(
  client: DocumentClient,
  tables: { devices: string; journal: string },
  { timing = realTiming } = {},
) {
  const state: State = { client, tables, timing };
  return {
    /** With withdrawals taken into account. Strongly consistent. */
    of: (key: DeviceKey): Promise<Decision[]> => decisionsOf(state, key),

    /**
     * Stores a decision once per id: the same decision again changes nothing, not even one withdrawn since. `withdrawn`: a
     * withdrawal that covers its time is stored.
     */
    record: (key: DeviceKey, decision: Decision): Promise<'standing' | 'withdrawn'> => recordDecision(state, key, decision),

    /** Ends one decision, by its id; one that is already withdrawn, or was never stored, is not changed. */
    withdrawOne: (key: DeviceKey, decisionId: string, withdrawn: { at: number; by: string }): Promise<void> =>
      withdrawOne(state, key, { decisionId, ...withdrawn }),

    /** Ends all decisions about the device up to `at` (epoch ms). Returns how many it ended; repeated, it ends none. */
    withdraw: (key: DeviceKey, withdrawing: Withdrawing): Promise<number> => withdrawAll(state, key, withdrawing),

    /**
     * A page of the decisions that expire by `before` (epoch ms), the earliest first; without those that `seenEnd` marked.
     * Eventually consistent.
     */
    endingBefore: (before: number, page: PageRequest = {}): Promise<Page<EndingDecision>> => endingBefore(state, before, page),

    /** Its end was sent to evaluation: it is not listed again. */
    seenEnd: (ending: EndingDecision): Promise<void> => markEndSeen(state, ending),
  };
}

async function decisionsOf(state: State, key: DeviceKey): Promise<Decision[]> {
  const [decisions, ended] = await Promise.all([storedDecisions(state, key), withdrawalOf(state, key)]);
  return withWithdrawals(decisions, ended ? [ended] : []);
}

async function storedDecisions({ client, tables }: State, key: DeviceKey): Promise<Decision[]> {
  const items = await allItems(client, {
    TableName: tables.devices,
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': userPk(key), ':prefix': decisionSk(key.deviceId, '') },
  });
  // `A|` is also a prefix of the decisions about a device named `A|B`.
  return items.map((item) => decisionSchema.parse(item)).filter(({ deviceId }) => deviceId === key.deviceId);
}

async function withdrawalOf({ client, tables }: State, key: DeviceKey): Promise<Withdrawal | null> {
  const Key = { pk: userPk(key), sk: withdrawalSk(key.deviceId) };
  const { Item } = await client.send(new GetCommand({ TableName: tables.devices, Key, ConsistentRead: true }));
  return Item ? withdrawalSchema.parse(Item) : null;
}

async function recordDecision(state: State, key: DeviceKey, decision: Decision): Promise<'standing' | 'withdrawn'> {
  const Item = { pk: userPk(key), sk: decisionSk(key.deviceId, decision.decisionId), ...decision, ...endingKeys(decision) };
  const put = { Put: { TableName: state.tables.devices, Item, ConditionExpression: 'attribute_not_exists(pk)' } };
  await write(state, key, { change: put, entry: decisionLine(decision) });
  const ended = await withdrawalOf(state, key);
  return ended !== null && decision.at <= ended.at ? 'withdrawn' : 'standing';
}

async function withdrawOne(
  state: State,
  key: DeviceKey,
  { decisionId, at, by }: { decisionId: string; at: number; by: string },
): Promise<void> {
  const update = {
    TableName: state.tables.devices,
    Key: { pk: userPk(key), sk: decisionSk(key.deviceId, decisionId) },
    UpdateExpression: 'SET withdrawnAt = :at, withdrawnBy = :by',
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(withdrawnAt)',
    ExpressionAttributeValues: { ':at': at, ':by': by },
  };
  const line = withdrawalLine({ at, by }, { cause: decisionId, actionId: decisionId });
  await write(state, key, { change: { Update: update }, entry: line });
}

async function withdrawAll(state: State, key: DeviceKey, { at, by, cause, reason }: Withdrawing): Promise<number> {
  const current = await decisionsOf(state, key);
  const ended = current.filter((decision) => decision.withdrawnAt === undefined && decision.at <= at);
  const update = {
    TableName: state.tables.devices,
    Key: { pk: userPk(key), sk: withdrawalSk(key.deviceId) },
    UpdateExpression: 'SET deviceId = :device, #at = :at, #by = :by',
    // An older withdrawal that arrives late ends nothing that the newer one has not ended.
    ConditionExpression: 'attribute_not_exists(pk) OR #at < :at',
    ExpressionAttributeNames: { '#at': 'at', '#by': 'by' },
    ExpressionAttributeValues: { ':device': key.deviceId, ':at': at, ':by': by },
  };
  const line = withdrawalLine({ at, by }, { cause, ...(reason === undefined ? {} : { reason }) });
  await write(state, key, { change: { Update: update }, entry: line });
  return ended.length;
}

/** Writes a change with its timeline line, both or none. A failed condition means that it was done before. */
async function write(
  { client, tables, timing }: State,
  key: DeviceKey,
  { change, entry }: { change: Writes[number]; entry: TimelineEntry },
): Promise<void> {
  const line = { TableName: tables.journal, Item: timelineItem(key, entry), ConditionExpression: 'attribute_not_exists(pk)' };
  const TransactItems = [change, { Put: line }];
  await doneOnce(() => client.send(new TransactWriteCommand({ TransactItems })), 'A decision and its line', timing);
}

async function endingBefore({ client, tables }: State, before: number, page: PageRequest): Promise<Page<EndingDecision>> {
  const query = {
    TableName: tables.devices,
    IndexName: indexes.moving,
    KeyConditionExpression: 'moving = :ending AND #hash <= :before',
    ExpressionAttributeNames: { '#hash': 'hash' },
    ExpressionAttributeValues: { ':ending': endingDecisions, ':before': endingKey(before) },
  };
  const { items, cursor } = await queryPage(client, query, { limit: endingsOfPage, ...page });
  const endings = items.map(({ pk, sk, hash }) => ({ key: parseUserPk(String(pk)), sk: String(sk), expiresAt: Number(hash) }));
  return { items: endings, cursor };
}

async function markEndSeen({ client, tables }: State, { key, sk }: EndingDecision): Promise<void> {
  await client.send(
    new UpdateCommand({
      TableName: tables.devices,
      Key: { pk: userPk(key), sk },
      UpdateExpression: 'REMOVE moving, #hash',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeNames: { '#hash': 'hash' },
    }),
  );
}

/** Puts a decision that expires into the sparse index of expiring decisions. */
function endingKeys({ expiresAt }: Decision): Record<string, string> {
  return expiresAt === undefined ? {} : { moving: endingDecisions, hash: endingKey(expiresAt) };
}
