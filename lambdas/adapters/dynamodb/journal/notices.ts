/**
 * How far each source's journal was searched for newly held devices, and the digest being sent: one item of the Control table
 * per source, each write conditional on its revision.
 */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { problem } from '#domain/devices/source';
import { heldDevice } from '#domain/outbound/notice';
import type { DocumentClient } from '../client.ts';
import { controlKeys } from '../keys.ts';

const digest = z.object({
  /** Derived from the journal lines that it reports. */
  id: z.string(),
  /** `sending`: passed to SES, no response recorded; after a crash it is unknown whether it was sent. */
  state: z.enum(['due', 'sending', 'sent']),
  at: z.number(),
  to: z.array(z.string()).min(1),
  devices: z.array(heldDevice).min(1),
  /** Number of held devices that it does not name. */
  more: z.number().int(),
});
export type Digest = z.infer<typeof digest>;

export const noticeCursor = z.object({
  revision: z.number().int(),
  /** The last journal line that was read. */
  seq: z.number().int().nonnegative(),
  /** Devices held before this time are not reported. Epoch ms, like all times. */
  since: z.number(),
  digest: digest.nullable(),
  lastDigestAt: z.number().nullable(),
  /** No attempt before this time. */
  notBefore: z.number(),
  problem: problem.nullable(),
});
export type NoticeCursor = z.infer<typeof noticeCursor>;
export type NoticeStore = ReturnType<typeof noticeStore>;

export function noticeStore(client: DocumentClient, table: string) {
  return {
    /** Null before the first search. */
    async read(sourceId: string): Promise<NoticeCursor | null> {
      const Key = controlKeys.notices(sourceId);
      const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
      return Item === undefined ? null : noticeCursor.parse(Item);
    },

    /** Returns what is now stored. Throws when another invocation wrote meanwhile: the next one continues from there. */
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
