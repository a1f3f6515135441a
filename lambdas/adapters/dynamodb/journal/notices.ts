/**
 * How far each source's journal was looked through for newly held devices, and the digest that is on its way: one item of the
 * Control table per source, each write conditional on its revision.
 */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { problem } from '#domain/devices/source';
import { heldDevice } from '#domain/outbound/notice';
import type { DocumentClient } from '../client.ts';
import { controlKeys } from '../keys.ts';

const digest = z.object({
  /** From the journal lines that it tells of. */
  id: z.string(),
  /** `sending`: handed to SES, no answer noted; found so later, nobody knows whether it went out. */
  state: z.enum(['due', 'sending', 'sent']),
  at: z.number(),
  to: z.array(z.string()).min(1),
  devices: z.array(heldDevice).min(1),
  /** Held devices that it only counts. */
  more: z.number().int(),
});
export type Digest = z.infer<typeof digest>;

export const noticeCursor = z.object({
  revision: z.number().int(),
  /** The last journal line that was looked at. */
  seq: z.number().int().nonnegative(),
  /** Who was held before it is no news. Epoch ms, like all times. */
  since: z.number(),
  digest: digest.nullable(),
  lastDigestAt: z.number().nullable(),
  /** No try before it. */
  notBefore: z.number(),
  problem: problem.nullable(),
});
export type NoticeCursor = z.infer<typeof noticeCursor>;
export type NoticeStore = ReturnType<typeof noticeStore>;

export function noticeStore(client: DocumentClient, table: string) {
  return {
    /** Null before the first look. */
    async read(sourceId: string): Promise<NoticeCursor | null> {
      const Key = controlKeys.notices(sourceId);
      const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
      return Item === undefined ? null : noticeCursor.parse(Item);
    },

    /** Answers what is stored then. Throws when another invocation wrote meanwhile: the next one goes on from there. */
    async move(sourceId: string, before: NoticeCursor, change: Partial<NoticeCursor>): Promise<NoticeCursor> {
      const next = { ...before, ...change, revision: before.revision + 1 };
      await client.send(
        new PutCommand({
          TableName: table,
          Item: { ...controlKeys.notices(sourceId), ...next },
          ConditionExpression: before.revision === 0 ? 'attribute_not_exists(pk)' : 'revision = :revision',
          ...(before.revision === 0 ? {} : { ExpressionAttributeValues: { ':revision': before.revision } }),
        }),
      );
      return next;
    },
  };
}
