/**
 * Parts of enrolment snapshots until all are received, and of imports that wait for a person. Kept for 30 days in the Control
 * table: a snapshot that is not complete by then expires, and none of its enrolments is stored.
 */
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { controlKeys } from '#adapters/dynamodb/keys';
import { allItems } from '#adapters/dynamodb/query-pages';
import { type Enrolment, enrolment } from '#domain/enrolment/enrolment';

export type SnapshotPart = { snapshotId: string; part: number; parts: number; enrolments: Enrolment[]; at: number };
/** `at`: when the first of its parts was sent, epoch ms. */
export type Snapshot = { snapshotId: string; enrolments: Enrolment[]; at: number };
export type SnapshotStore = ReturnType<typeof snapshotStore>;

const storedPart = z.object({ parts: z.number(), at: z.number(), enrolments: z.array(enrolment) });
const presentParts = z.object({ have: z.set(z.number()) });
const keptSeconds = 30 * 24 * 3600;

export function snapshotStore(client: DocumentClient, table: string) {
  return {
    /**
     * Stores a part; true when all parts are stored. One small item lists the stored parts, so that a part costs the same
     * however many were stored before it.
     */
    async add({ snapshotId, part, parts, enrolments, at }: SnapshotPart): Promise<boolean> {
      const expiresAt = Math.floor(at / 1000) + keptSeconds;
      const Item = { ...controlKeys.snapshotPart(snapshotId, part), parts, enrolments, at, expiresAt };
      await client.send(new PutCommand({ TableName: table, Item }));
      const { Attributes } = await client.send(
        new UpdateCommand({
          TableName: table,
          Key: controlKeys.snapshotParts(snapshotId, parts),
          UpdateExpression: 'ADD #have :part SET expiresAt = :expiresAt',
          ExpressionAttributeNames: { '#have': 'have' },
          ExpressionAttributeValues: { ':part': new Set([part]), ':expiresAt': expiresAt },
          ReturnValues: 'ALL_NEW',
        }),
      );
      return presentParts.parse(Attributes).have.size >= parts;
    },

    /** The whole snapshot; null when a part has expired or was never received. */
    async read(snapshotId: string): Promise<Snapshot | null> {
      const items = await allItems(client, {
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :part)',
        ExpressionAttributeValues: { ':pk': controlKeys.snapshotPart(snapshotId, 0).pk, ':part': 'part|' },
      });
      const found = items.map((item) => storedPart.parse(item));
      const [first] = found;
      const whole = found.filter(({ parts }) => parts === first?.parts);
      if (!first || whole.length < first.parts) return null;
      return {
        snapshotId,
        enrolments: whole.flatMap((one) => one.enrolments),
        at: Math.min(...whole.map((one) => one.at)),
      };
    },
  };
}
