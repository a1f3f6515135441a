/**
 * Many enrolments at once: reads all that are stored, and writes changes, about twenty to a transaction. A transaction is
 * refused when another writer changed one of its enrolments since it was read, or, for a snapshot, when a later one has begun.
 */
import { GetCommand, TransactWriteCommand, type TransactWriteCommandInput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { nullIfRefused } from '#adapters/dynamodb/conditional-write';
import { gateItem, gateKey, replacement } from '#adapters/dynamodb/enrolments/enrolment-writes';
import { controlKeys } from '#adapters/dynamodb/keys';
import { scanSegments } from '#adapters/dynamodb/query-pages';
import { committed } from '#adapters/dynamodb/transactions';
import type { EnrolmentChange, StoredEnrolment } from '#domain/enrolment/enrolment-changes';

export type EnrolmentBulk = ReturnType<typeof enrolmentBulk>;
type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** DynamoDB allows a hundred writes in a transaction. */
const mostWrites = 100;
const segments = 4;
const atOnce = 12;
const keptSeconds = 14 * 24 * 3600;

type Tables = { enrolments: string; control: string; journal: string };
type State = { client: DocumentClient; tables: Tables; now: () => number };

/** Enrolments in DynamoDB, many at once. `now`: the time of the journal lines, epoch ms. */
export function enrolmentBulk(client: DocumentClient, tables: Tables, now = Date.now) {
  const state: State = { client, tables, now };
  return {
    /** Strongly consistent; null for an enrolment that is not stored. */
    read: (id: string): Promise<StoredEnrolment | null> => readOne(state, id),

    /** Every stored enrolment, by id. Strongly consistent. */
    readAll: (): Promise<Map<string, StoredEnrolment>> => readAll(state),

    /** Returns the changes that were refused: the caller reads, compares and writes them again one by one. */
    write: (changes: readonly EnrolmentChange[], snapshotAt: number | null): Promise<EnrolmentChange[]> =>
      writeChanges(state, changes, snapshotAt),

    /** From now on no earlier snapshot can write. False when a later one has already begun. */
    beginSnapshot: (snapshotId: string, at: number): Promise<boolean> => beginSnapshot(state, snapshotId, at),

    /** The time of the latest snapshot that was begun, epoch ms. */
    latestSnapshotAt: (): Promise<number | null> => latestSnapshotAt(state),

    /** Whether this job began to write and did not send its users to evaluation: it crashed in between. */
    owes: (jobId: string): Promise<boolean> => readPending(state, jobId),

    /** Set before the first write, and cleared when all users were sent to evaluation. */
    noteOwed: (jobId: string, { owes, now }: { owes: boolean; now: number }): Promise<void> =>
      writePending(state, jobId, { owes, now }),
  };
}

async function readOne({ client, tables }: State, id: string): Promise<StoredEnrolment | null> {
  const get = new GetCommand({ TableName: tables.enrolments, Key: gateKey(id), ConsistentRead: true });
  const { Item } = await client.send(get);
  return Item ? gateItem.parse(Item) : null;
}

async function readAll({ client, tables }: State): Promise<Map<string, StoredEnrolment>> {
  const found = new Map<string, StoredEnrolment>();
  const scan = {
    TableName: tables.enrolments,
    ConsistentRead: true,
    FilterExpression: 'sk = :current',
    ExpressionAttributeValues: { ':current': 'current' },
  };
  await scanSegments(client, scan, {
    segments,
    visit: ({ items }) => {
      for (const gate of items.map((item) => gateItem.parse(item))) found.set(gate.enrolment.id, gate);
    },
  });
  return found;
}

async function writeChanges(
  { client, tables, now }: State,
  changes: readonly EnrolmentChange[],
  snapshotAt: number | null,
): Promise<EnrolmentChange[]> {
  const writesOf = ({ before, next }: EnrolmentChange) => replacement(tables, before, { next, at: now() });
  const fence = snapshotAt === null ? [] : [notOvertaken(tables.control, snapshotAt)];
  const groups = grouped(changes, (change) => writesOf(change).length, mostWrites - fence.length);
  const refused = await pMap(
    groups,
    async (group) => {
      const TransactItems = [...fence, ...group.flatMap(writesOf)];
      return (await committed(client.send(new TransactWriteCommand({ TransactItems })))) ? [] : group;
    },
    { concurrency: atOnce },
  );
  return refused.flat();
}

const notOvertaken = (table: string, snapshotAt: number): Writes[number] => ({
  ConditionCheck: {
    TableName: table,
    Key: controlKeys.snapshotTaken(),
    ConditionExpression: '#at = :at',
    ExpressionAttributeNames: { '#at': 'at' },
    ExpressionAttributeValues: { ':at': snapshotAt },
  },
});

async function beginSnapshot({ client, tables }: State, snapshotId: string, at: number): Promise<boolean> {
  const update = new UpdateCommand({
    TableName: tables.control,
    Key: controlKeys.snapshotTaken(),
    UpdateExpression: 'SET #at = :at, snapshotId = :id',
    ConditionExpression: 'attribute_not_exists(pk) OR #at <= :at',
    ExpressionAttributeNames: { '#at': 'at' },
    ExpressionAttributeValues: { ':at': at, ':id': snapshotId },
  });
  return (await nullIfRefused(client.send(update))) !== null;
}

async function latestSnapshotAt({ client, tables }: State): Promise<number | null> {
  const Key = controlKeys.snapshotTaken();
  const { Item } = await client.send(new GetCommand({ TableName: tables.control, Key, ConsistentRead: true }));
  return Item ? z.object({ at: z.number() }).parse(Item).at : null;
}

async function readPending({ client, tables }: State, jobId: string): Promise<boolean> {
  const Key = controlKeys.enrolmentJob(jobId);
  const { Item } = await client.send(new GetCommand({ TableName: tables.control, Key, ConsistentRead: true }));
  return Item?.owes === true;
}

async function writePending(
  { client, tables }: State,
  jobId: string,
  { owes, now }: { owes: boolean; now: number },
): Promise<void> {
  const update = new UpdateCommand({
    TableName: tables.control,
    Key: controlKeys.enrolmentJob(jobId),
    UpdateExpression: 'SET owes = :owes, expiresAt = :expiresAt',
    ExpressionAttributeValues: { ':owes': owes, ':expiresAt': Math.floor(now / 1000) + keptSeconds },
  });
  await client.send(update);
}

function grouped<T>(all: readonly T[], sizeOf: (one: T) => number, most: number): T[][] {
  const groups: T[][] = [];
  let room = 0;
  for (const one of all) {
    const size = sizeOf(one);
    if (size > room || groups.length === 0) {
      groups.push([]);
      room = most;
    }
    groups.at(-1)?.push(one);
    room -= size;
  }
  return groups;
}
