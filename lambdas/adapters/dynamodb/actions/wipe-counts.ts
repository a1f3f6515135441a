/** How many wipes were sent to a source within the last hour: one item of the Control table per source, written conditionally. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { realTiming } from '#adapters/retry-timing';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { controlKeys } from '../keys.ts';
import { untilWritten } from '../transactions.ts';

const counted = z.object({
  revision: z.number().int(),
  wipes: z.array(z.object({ actionId: z.string(), at: z.number() })),
});

export type WipeCounts = {
  /**
   * Counts this action among the wipes since `since` (idempotent); false when there are already `limit` others, and it is not
   * counted.
   */
  admit(sourceId: string, wipe: { actionId: string; now: number; since: number; limit: number }): Promise<boolean>;
};

/** Counts in the Control table. `timing`: of retries. */
export function wipeCounts(client: DocumentClient, table: string, { timing = realTiming } = {}): WipeCounts {
  async function read(sourceId: string): Promise<z.infer<typeof counted>> {
    const Key = controlKeys.wipes(sourceId);
    const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
    return Item === undefined ? { revision: 0, wipes: [] } : counted.parse(Item);
  }

  /** False when another writer changed it since it was read. */
  async function put(Item: Record<string, unknown>, read: number): Promise<boolean> {
    const command = new PutCommand({
      TableName: table,
      Item,
      ConditionExpression: 'attribute_not_exists(pk) OR revision = :read',
      ExpressionAttributeValues: { ':read': read },
    });
    return (await nullIfRefused(client.send(command))) !== null;
  }

  return {
    admit(sourceId, { actionId, now, since, limit }) {
      const attempt = async () => {
        const { revision, wipes } = await read(sourceId);
        const recent = wipes.filter(({ at }) => at > since);
        if (recent.some((wipe) => wipe.actionId === actionId)) return true;
        if (recent.length >= limit) return false;
        const item = { ...controlKeys.wipes(sourceId), revision: revision + 1, wipes: [...recent, { actionId, at: now }] };
        return (await put(item, revision)) ? true : null;
      };
      return untilWritten(attempt, 'The count of wipes', timing);
    },
  };
}
