/** How much access the parts of a run would take away; each part is written by the worker that assessed it. Kept for 7 days. */
import { PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { controlKeys } from '#adapters/dynamodb/keys';
import { guardedDevice } from '#domain/quarantine/guard';

export const assessedPart = z.object({
  users: z.array(z.string()),
  affected: z.number().int(),
  taken: z.array(guardedDevice),
});
export type AssessedPart = z.infer<typeof assessedPart>;
export type AssessmentStore = ReturnType<typeof assessmentStore>;

const keptSeconds = 7 * 24 * 3600;

export function assessmentStore(client: DocumentClient, table: string) {
  return {
    /** Stores one part; returns all parts once none is missing, else null. Idempotent. `now`: epoch ms. */
    async add(
      sourceId: string,
      { runId, part, parts, now, ...assessed }: AssessedPart & { runId: string; part: number; parts: number; now: number },
    ): Promise<AssessedPart[] | null> {
      const key = controlKeys.assessment(sourceId, runId, part);
      const Item = { ...key, ...assessed, expiresAt: Math.floor(now / 1000) + keptSeconds };
      await client.send(new PutCommand({ TableName: table, Item }));
      const found: AssessedPart[] = [];
      const pages = paginateQuery(
        { client },
        {
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': key.pk },
        },
      );
      for await (const { Items = [] } of pages) found.push(...Items.map((item) => assessedPart.parse(item)));
      return found.length < parts ? null : found;
    },
  };
}
