/** How many wipes went out at a source within the last hour: one item of the Control table per source, written conditionally. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '../client.ts';
import { controlKeys } from '../keys.ts';
import { untilSettled } from '../transactions.ts';

const counted = z.object({
  revision: z.number().int(),
  wipes: z.array(z.object({ actionId: z.string(), at: z.number() })),
});

export type WipeCounts = {
  /**
   * Counts this action among the wipes since `since`, once however often it is asked; false when there are `limit` others
   * already, and it is not counted.
   */
  admit(sourceId: string, wipe: { actionId: string; now: number; since: number; limit: number }): Promise<boolean>;
};

export function wipeCounts(client: DocumentClient, table: string): WipeCounts {
  async function read(sourceId: string): Promise<z.infer<typeof counted>> {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: controlKeys.wipes(sourceId), ConsistentRead: true }),
    );
    return Item === undefined ? { revision: 0, wipes: [] } : counted.parse(Item);
  }

  return {
    admit: (sourceId, { actionId, now, since, limit }) =>
      untilSettled(async () => {
        const { revision, wipes } = await read(sourceId);
        const recent = wipes.filter(({ at }) => at > since);
        if (recent.some((wipe) => wipe.actionId === actionId)) return true;
        if (recent.length >= limit) return false;
        const item = { ...controlKeys.wipes(sourceId), revision: revision + 1, wipes: [...recent, { actionId, at: now }] };
        return (await put(item, revision)) ? true : null;
      }, 'The count of wipes'),
  };

  async function put(item: Record<string, unknown>, read: number): Promise<boolean> {
    try {
      await client.send(
        new PutCommand({
          TableName: table,
          Item: item,
          ConditionExpression: 'attribute_not_exists(pk) OR revision = :read',
          ExpressionAttributeValues: { ':read': read },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }
}
