/**
 * Parts of enrolment snapshots until all have come, and which snapshot was taken last. Kept a week in the Control table: a
 * snapshot that is not complete by then is forgotten, and nothing of it was taken.
 */
import { GetCommand, PutCommand, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { controlKeys } from '#adapters/dynamodb/keys';
import { type Enrolment, enrolment } from '#domain/enrolment';

export type SnapshotPart = { snapshotId: string; part: number; parts: number; enrolments: Enrolment[]; at: number };
/** `at`: when the first of its parts was sent, epoch ms. */
export type Snapshot = { snapshotId: string; enrolments: Enrolment[]; at: number };
export type SnapshotStore = ReturnType<typeof snapshotStore>;

const storedPart = z.object({ parts: z.number(), at: z.number(), enrolments: z.array(enrolment) });
const keptSeconds = 7 * 24 * 3600;

export function snapshotStore(client: DocumentClient, table: string) {
  async function partsOf(snapshotId: string) {
    const found: z.infer<typeof storedPart>[] = [];
    const pages = paginateQuery(
      { client },
      {
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': controlKeys.snapshotPart(snapshotId, 0).pk },
      },
    );
    for await (const { Items = [] } of pages) found.push(...Items.map((item) => storedPart.parse(item)));
    return found;
  }

  return {
    /** Stores a part; answers the whole snapshot when none is missing any more, else null. */
    async add({ snapshotId, part, parts, enrolments, at }: SnapshotPart): Promise<Snapshot | null> {
      const expiresAt = Math.floor(at / 1000) + keptSeconds;
      const Item = { ...controlKeys.snapshotPart(snapshotId, part), parts, enrolments, at, expiresAt };
      await client.send(new PutCommand({ TableName: table, Item }));
      const found = (await partsOf(snapshotId)).filter((one) => one.parts === parts);
      if (found.length < parts) return null;
      return {
        snapshotId,
        enrolments: found.flatMap((one) => one.enrolments),
        at: Math.min(...found.map((one) => one.at)),
      };
    },

    /** Whether a later snapshot was taken already: this one is then history. */
    async isOutdated({ at }: Snapshot): Promise<boolean> {
      const { Item } = await client.send(
        new GetCommand({ TableName: table, Key: controlKeys.snapshotTaken(), ConsistentRead: true }),
      );
      return Item !== undefined && z.object({ at: z.number() }).parse(Item).at > at;
    },

    async taken({ at, snapshotId }: Snapshot): Promise<void> {
      const update = new UpdateCommand({
        TableName: table,
        Key: controlKeys.snapshotTaken(),
        UpdateExpression: 'SET #at = :at, snapshotId = :id',
        ConditionExpression: 'attribute_not_exists(pk) OR #at <= :at',
        ExpressionAttributeNames: { '#at': 'at' },
        ExpressionAttributeValues: { ':at': at, ':id': snapshotId },
      });
      await client.send(update).catch((error: unknown) => {
        if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
      });
    },
  };
}
