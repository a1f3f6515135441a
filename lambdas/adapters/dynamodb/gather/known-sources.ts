/** Which sources were ever configured: one item of the Control table. The open actions of one that was taken out still end. */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '../client.ts';
import { controlKeys } from '../keys.ts';

const stored = z.object({ names: z.record(z.string(), z.literal(true)) });

export function knownSources(client: DocumentClient, table: string) {
  return {
    /** Those configured now and those remembered; remembers what is new. */
    async everConfigured(configured: readonly string[]): Promise<string[]> {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: controlKeys.reaped() }));
      const known = Item === undefined ? {} : stored.parse(Item).names;
      const all = { ...known, ...Object.fromEntries(configured.map((id) => [id, true as const])) };
      if (configured.some((id) => !Object.hasOwn(known, id)))
        await client.send(
          new UpdateCommand({
            TableName: table,
            Key: controlKeys.reaped(),
            UpdateExpression: 'SET #names = :names',
            ExpressionAttributeNames: { '#names': 'names' },
            ExpressionAttributeValues: { ':names': all },
          }),
        );
      return Object.keys(all);
    },
  };
}
