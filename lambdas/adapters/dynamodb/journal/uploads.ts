/**
 * How far the device list of each source was uploaded, and until when no request is sent to the portal: items of the Control
 * table. Each write of a cursor is conditional on its revision, so that two concurrent uploads never move it back.
 */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { problem } from '#domain/devices/source';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { controlKeys } from '../keys.ts';

/** Times epoch ms. `notBefore`: no request before it; `failures` in a row. */
const trouble = z.object({ notBefore: z.number(), failures: z.number().int(), problem: problem.nullable() });
export type UploadTrouble = z.infer<typeof trouble>;

export const uploadCursor = z.object({
  revision: z.number().int(),
  /** The last journal line whose device the portal has accepted. */
  seq: z.number().int().nonnegative(),
  /** The end of the range being sent: a retry sends the same range under the same key. */
  pendingTo: z.number().int().positive().nullable(),
  /** The snapshot being sent: its next part, and where the listing continues. */
  snapshot: z
    .object({ id: z.string(), part: z.number().int(), cursor: z.string().nullable(), upToSeq: z.number().int() })
    .nullable(),
  lastSnapshotAt: z.number().nullable(),
  lastUploadAt: z.number().nullable(),
  trouble: trouble.nullable(),
});
export type UploadCursor = z.infer<typeof uploadCursor>;

const begin: UploadCursor = {
  revision: 0,
  seq: 0,
  pendingTo: null,
  snapshot: null,
  lastSnapshotAt: null,
  lastUploadAt: null,
  trouble: null,
};
export type UploadStore = ReturnType<typeof uploadStore>;

const ofPortal = z.object({ portal: z.string(), revision: z.number().int().default(0) });

/** Another upload moved the cursor meanwhile: this one stops. */
export class UploadOvertaken extends Error {
  override name = 'UploadOvertaken';
}

/** `portal`: its URL. Another portal's cursor is ignored: a new portal gets the whole list first. */
export function uploadStore(client: DocumentClient, table: string, portal: string) {
  return {
    async cursor(sourceId: string): Promise<UploadCursor> {
      const Key = controlKeys.upload(sourceId);
      const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
      if (Item === undefined) return begin;
      const { portal: sentTo, revision } = ofPortal.parse(Item);
      return sentTo === portal ? uploadCursor.parse(Item) : { ...begin, revision };
    },

    /** Returns what is now stored. Throws `UploadOvertaken`. */
    async move(sourceId: string, before: UploadCursor, change: Partial<UploadCursor>): Promise<UploadCursor> {
      const next = { ...before, ...change, revision: before.revision + 1 };
      const put = new PutCommand({
        TableName: table,
        Item: { ...controlKeys.upload(sourceId), portal, ...next },
        ConditionExpression: 'attribute_not_exists(pk) OR revision = :revision',
        ExpressionAttributeValues: { ':revision': before.revision },
      });
      if ((await nullIfRefused(client.send(put))) === null)
        throw new UploadOvertaken(`The upload of ${sourceId} was moved on by another invocation; this one stops.`);
      return next;
    },

    /** The failure of the portal as a whole; null while it is healthy. */
    async trouble(): Promise<UploadTrouble | null> {
      const Key = controlKeys.uploads();
      const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
      return Item === undefined || ofPortal.parse(Item).portal !== portal ? null : trouble.nullable().parse(Item.trouble);
    },

    async noteTrouble(given: UploadTrouble | null): Promise<void> {
      await client.send(new PutCommand({ TableName: table, Item: { ...controlKeys.uploads(), portal, trouble: given } }));
    },
  };
}
