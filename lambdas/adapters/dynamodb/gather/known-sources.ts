/** All sources that were ever configured: one item of the Control table. Open actions of a removed source must still end. */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { realTiming } from '#adapters/retry-timing';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { controlKeys } from '../keys.ts';
import { untilWritten } from '../transactions.ts';

const stored = z.object({ names: z.record(z.string(), z.literal(true)) });
type Names = z.infer<typeof stored>['names'];

/** The known sources in the Control table. `timing`: of retries. */
export function knownSources(client: DocumentClient, table: string, { timing = realTiming } = {}) {
  const key = { TableName: table, Key: controlKeys.reaped() };

  async function read(): Promise<Names | null> {
    const { Item } = await client.send(new GetCommand({ ...key, ConsistentRead: true }));
    return Item === undefined ? null : stored.parse(Item).names;
  }

  /** False when another invocation changed them since they were read. */
  async function replace(before: Names | null, names: Names): Promise<boolean> {
    const update = new UpdateCommand({
      ...key,
      UpdateExpression: 'SET #names = :names',
      ConditionExpression: before === null ? 'attribute_not_exists(pk)' : '#names = :before',
      ExpressionAttributeNames: { '#names': 'names' },
      ExpressionAttributeValues: { ':names': names, ...(before === null ? {} : { ':before': before }) },
    });
    return (await nullIfRefused(client.send(update))) !== null;
  }

  return {
    /** Those configured now and those stored; stores new ones. */
    everConfigured(configured: readonly string[]): Promise<string[]> {
      const attempt = async () => {
        const before = await read();
        const names: Names = { ...before, ...Object.fromEntries(configured.map((id) => [id, true as const])) };
        const known = configured.every((id) => Object.hasOwn(before ?? {}, id));
        return known || (await replace(before, names)) ? Object.keys(names) : null;
      };
      return untilWritten(attempt, 'The list of known sources', timing);
    },
  };
}
