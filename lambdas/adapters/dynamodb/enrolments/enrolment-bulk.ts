/**
 * Many enrolments at once: all that is stored, and changes written some twenty to a transaction. Each transaction is refused
 * when one of its enrolments was written by others since it was read, or, for a snapshot, when a later snapshot has begun.
 */
import {
  GetCommand,
  ScanCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { gateItem, gateKey, replacement } from '#adapters/dynamodb/enrolments/enrolments';
import { controlKeys } from '#adapters/dynamodb/keys';
import { committed } from '#adapters/dynamodb/transactions';
import type { EnrolmentChange, StoredEnrolment } from '#domain/enrolment/enrolment-changes';

export type EnrolmentBulk = ReturnType<typeof enrolmentBulk>;
type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** DynamoDB takes a hundred writes in a transaction. */
const mostWrites = 100;
const segments = 4;
const atOnce = 12;

export function enrolmentBulk(
  client: DocumentClient,
  tables: { enrolments: string; control: string; journal: string },
  now = Date.now,
) {
  const table = tables.enrolments;

  async function read(id: string): Promise<StoredEnrolment | null> {
    const { Item } = await client.send(new GetCommand({ TableName: table, Key: gateKey(id), ConsistentRead: true }));
    return Item ? gateItem.parse(Item) : null;
  }

  async function readSegment(Segment: number, found: Map<string, StoredEnrolment>): Promise<void> {
    let from: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new ScanCommand({
          TableName: table,
          ConsistentRead: true,
          FilterExpression: 'sk = :current',
          ExpressionAttributeValues: { ':current': 'current' },
          Segment,
          TotalSegments: segments,
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      );
      for (const item of Items) {
        const gate = gateItem.parse(item);
        found.set(gate.enrolment.id, gate);
      }
      from = LastEvaluatedKey;
    } while (from !== undefined);
  }

  const notOvertaken = (snapshotAt: number): Writes[number] => ({
    ConditionCheck: {
      TableName: tables.control,
      Key: controlKeys.snapshotTaken(),
      ConditionExpression: '#at = :at',
      ExpressionAttributeNames: { '#at': 'at' },
      ExpressionAttributeValues: { ':at': snapshotAt },
    },
  });
  const writesOf = ({ before, next }: EnrolmentChange) => replacement(tables, before, { next, at: now() });

  return {
    read,

    /** Every stored enrolment, by id. Strongly consistent. */
    async readAll(): Promise<Map<string, StoredEnrolment>> {
      const found = new Map<string, StoredEnrolment>();
      await Promise.all(Array.from({ length: segments }, (_, segment) => readSegment(segment, found)));
      return found;
    },

    /** Answers the changes that were refused: to be read, compared and written anew one by one. */
    async write(changes: readonly EnrolmentChange[], snapshotAt: number | null): Promise<EnrolmentChange[]> {
      const fence = snapshotAt === null ? [] : [notOvertaken(snapshotAt)];
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
    },

    /** From now on no earlier snapshot writes. False when a later one has begun already. */
    async beginSnapshot(snapshotId: string, at: number): Promise<boolean> {
      try {
        await client.send(
          new UpdateCommand({
            TableName: tables.control,
            Key: controlKeys.snapshotTaken(),
            UpdateExpression: 'SET #at = :at, snapshotId = :id',
            ConditionExpression: 'attribute_not_exists(pk) OR #at <= :at',
            ExpressionAttributeNames: { '#at': 'at' },
            ExpressionAttributeValues: { ':at': at, ':id': snapshotId },
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
        throw error;
      }
    },

    /** When the last snapshot that was begun was made, epoch ms. */
    async latestSnapshotAt(): Promise<number | null> {
      const Key = controlKeys.snapshotTaken();
      const { Item } = await client.send(new GetCommand({ TableName: tables.control, Key, ConsistentRead: true }));
      return Item ? z.object({ at: z.number() }).parse(Item).at : null;
    },

    /** Whether this job has begun to write and has not sent its users to evaluation yet: a crash lies in between. */
    async owes(jobId: string): Promise<boolean> {
      const Key = controlKeys.enrolmentJob(jobId);
      const { Item } = await client.send(new GetCommand({ TableName: tables.control, Key, ConsistentRead: true }));
      return Item?.owes === true;
    },

    /** To be noted before the first write, and taken back when all users were sent to evaluation. */
    async noteOwed(jobId: string, { owes, now }: { owes: boolean; now: number }): Promise<void> {
      await client.send(
        new UpdateCommand({
          TableName: tables.control,
          Key: controlKeys.enrolmentJob(jobId),
          UpdateExpression: 'SET owes = :owes, expiresAt = :expiresAt',
          ExpressionAttributeValues: { ':owes': owes, ':expiresAt': Math.floor(now / 1000) + keptSeconds },
        }),
      );
    },
  };
}

const keptSeconds = 14 * 24 * 3600;

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
