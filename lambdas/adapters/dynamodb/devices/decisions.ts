/**
 * Standing decisions of people and portal rules, and their withdrawals, among the items of the user they concern (Devices
 * table). Each is written with its line in the device's timeline, both or none. A withdrawal is an item of its own and ends
 * whatever was decided up to its time, so that it counts also when it comes in before the decision that it ends.
 */
import {
  GetCommand,
  paginateQuery,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { timelineItem } from '#adapters/dynamodb/journal/timeline';
import { decisionSk, endingDecisions, endingKey, indexes, parseUserPk, userPk, withdrawalSk } from '#adapters/dynamodb/keys';
import { doneOnce } from '#adapters/dynamodb/transactions';
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
export type DecisionStore = ReturnType<typeof decisionStore>;
/** A decision that ends by itself: whose it is, when, and the item's sort key. */
export type EndingDecision = { key: UserKey; sk: string; expiresAt: number };
/** `cause`: what makes the same withdrawal the same, such as an event's id. */
export type Withdrawing = { at: number; by: string; cause: string; reason?: string };

const endingsAtOnce = 1000;

export function decisionStore(client: DocumentClient, tables: { devices: string; journal: string }) {
  async function stored(key: DeviceKey): Promise<Decision[]> {
    const found: Decision[] = [];
    const pages = paginateQuery(
      { client },
      {
        TableName: tables.devices,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': userPk(key), ':prefix': decisionSk(key.deviceId, '') },
      },
    );
    for await (const { Items = [] } of pages) found.push(...Items.map((item) => decisionSchema.parse(item)));
    // `A|` is also a prefix of what was decided about a device named `A|B`.
    return found.filter(({ deviceId }) => deviceId === key.deviceId);
  }

  async function withdrawalOf(key: DeviceKey): Promise<Withdrawal | null> {
    const Key = { pk: userPk(key), sk: withdrawalSk(key.deviceId) };
    const { Item } = await client.send(new GetCommand({ TableName: tables.devices, Key, ConsistentRead: true }));
    return Item ? withdrawalSchema.parse(Item) : null;
  }

  /** With withdrawals taken into account. Strongly consistent. */
  async function of(key: DeviceKey): Promise<Decision[]> {
    const [decisions, ended] = await Promise.all([stored(key), withdrawalOf(key)]);
    return withWithdrawals(decisions, ended ? [ended] : []);
  }

  const line = (key: DeviceKey, entry: TimelineEntry) => ({
    Put: { TableName: tables.journal, Item: timelineItem(key, entry), ConditionExpression: 'attribute_not_exists(pk)' },
  });
  /** A refused condition means that it was done already. */
  const write = (TransactItems: Writes) =>
    doneOnce(() => client.send(new TransactWriteCommand({ TransactItems })), 'A decision and its line');

  return {
    of,

    /**
     * Stores a decision once: by its id the same decision again changes nothing, not even one withdrawn since. `withdrawn`: a
     * withdrawal of what was decided up to its time is known.
     */
    async record(key: DeviceKey, decision: Decision): Promise<'standing' | 'withdrawn'> {
      const Item = { pk: userPk(key), sk: decisionSk(key.deviceId, decision.decisionId), ...decision, ...ending(decision) };
      const put = { Put: { TableName: tables.devices, Item, ConditionExpression: 'attribute_not_exists(pk)' } };
      await write([put, line(key, decisionLine(decision))]);
      const ended = await withdrawalOf(key);
      return ended !== null && decision.at <= ended.at ? 'withdrawn' : 'standing';
    },

    /** Ends one decision, by its id; one that was withdrawn before, or never stored, is left. */
    async withdrawOne(key: DeviceKey, decisionId: string, { at, by }: { at: number; by: string }): Promise<void> {
      const update = {
        Update: {
          TableName: tables.devices,
          Key: { pk: userPk(key), sk: decisionSk(key.deviceId, decisionId) },
          UpdateExpression: 'SET withdrawnAt = :at, withdrawnBy = :by',
          ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(withdrawnAt)',
          ExpressionAttributeValues: { ':at': at, ':by': by },
        },
      };
      const entry = withdrawalLine({ at, by }, { cause: decisionId, actionId: decisionId });
      await write([update, line(key, entry)]);
    },

    /** Ends what is decided about the device up to `at`. Answers how many decisions it ended; repeated, it ends none. */
    async withdraw(key: DeviceKey, { at, by, cause, reason }: Withdrawing): Promise<number> {
      const standing = (await of(key)).filter((decision) => decision.withdrawnAt === undefined && decision.at <= at);
      const update = {
        Update: {
          TableName: tables.devices,
          Key: { pk: userPk(key), sk: withdrawalSk(key.deviceId) },
          UpdateExpression: 'SET deviceId = :device, #at = :at, #by = :by',
          // An older one that comes late ends nothing that the newer one has not ended.
          ConditionExpression: 'attribute_not_exists(pk) OR #at < :at',
          ExpressionAttributeNames: { '#at': 'at', '#by': 'by' },
          ExpressionAttributeValues: { ':device': key.deviceId, ':at': at, ':by': by },
        },
      };
      const entry = withdrawalLine({ at, by }, { cause, ...(reason === undefined ? {} : { reason }) });
      await write([update, line(key, entry)]);
      return standing.length;
    },

    /** Decisions that end, or have ended, by `before`, the earliest first; as far as nobody has `seenEnd` them. Eventually consistent. */
    async endingBefore(before: number): Promise<EndingDecision[]> {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: tables.devices,
          IndexName: indexes.moving,
          KeyConditionExpression: 'moving = :ending AND #hash <= :before',
          ExpressionAttributeNames: { '#hash': 'hash' },
          ExpressionAttributeValues: { ':ending': endingDecisions, ':before': endingKey(before) },
          Limit: endingsAtOnce,
        }),
      );
      return Items.map((item) => ({ key: parseUserPk(String(item.pk)), sk: String(item.sk), expiresAt: Number(item.hash) }));
    },

    /** Its end was sent to evaluation: it is not looked at again. */
    async seenEnd({ key, sk }: EndingDecision): Promise<void> {
      await client.send(
        new UpdateCommand({
          TableName: tables.devices,
          Key: { pk: userPk(key), sk },
          UpdateExpression: 'REMOVE moving, #hash',
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeNames: { '#hash': 'hash' },
        }),
      );
    },
  };
}

/** Places a decision that ends by itself in the sparse index of those. */
function ending({ expiresAt }: Decision): Record<string, string> {
  return expiresAt === undefined ? {} : { moving: endingDecisions, hash: endingKey(expiresAt) };
}
