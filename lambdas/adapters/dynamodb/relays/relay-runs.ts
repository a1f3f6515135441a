/**
 * What a relay sent of a gather, until the gather function has processed it: an item each for the begin, every part, and the
 * end, under the run and the fence of its request. Writing them again is idempotent; they expire after a day.
 */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { serverFacts } from '#domain/devices/source';
import { gatherDigest, gatherTotals, relayedRow, relayProblem, type ToCloud } from '#domain/relay/relay-protocol';
import type { DocumentClient } from '../client.ts';
import { controlKeys } from '../keys.ts';
import { queryItems } from '../query-pages.ts';

type Sent<T extends ToCloud['type']> = Extract<ToCloud, { type: T }>;

const begun = z.object({
  scope: z.enum(['full', 'delta']),
  base: gatherDigest.nullable(),
  server: serverFacts,
});
const part = z.object({
  part: z.number().int(),
  /** As JSON: a DynamoDB map does not keep its order and costs more. */
  devices: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(z.array(relayedRow)),
  removed: z.array(z.string()),
});
const ended = z.object({
  parts: z.number().int(),
  totals: gatherTotals,
  digest: gatherDigest,
});
const failed = z.object({ problem: relayProblem, requests: z.number().int() });
export type RelayedPart = z.infer<typeof part>;
/** What the relay has sent of a run so far. */
export type Relayed =
  | { told: 'nothing' | 'begun' }
  | { told: 'failed'; failure: z.infer<typeof failed> }
  | { told: 'whole'; begin: z.infer<typeof begun>; end: z.infer<typeof ended> };

type Run = { sourceId: string; runId: string; fence: number };
export type RelayRunStore = {
  store(
    sourceId: string,
    message: Sent<'gatherBegin'> | Sent<'gatherPart'> | Sent<'gatherEnd'> | Sent<'gatherFailed'>,
    options: { now: number },
  ): Promise<void>;
  read(run: Run): Promise<Relayed>;
  /** In the order of their numbers, each once, read page by page; parts that were not received are left out. */
  parts(run: Run): AsyncIterable<RelayedPart>;
};

const keptMs = 24 * 3_600_000;
const partKey = (number: number) => `part|${String(number).padStart(7, '0')}`;
/** A query response ends at 1 MB; a part has at most 30 KB. */
const pageOfParts = 32;

export function relayRunStore(client: DocumentClient, table: string): RelayRunStore {
  const key = ({ sourceId, runId, fence }: Run, name: string) => controlKeys.relayRun(sourceId, runId, fence, name);

  async function get<S extends z.ZodType>(run: Run, name: string, schema: S): Promise<z.output<S> | null> {
    const { Item } = await client.send(new GetCommand({ TableName: table, Key: key(run, name), ConsistentRead: true }));
    return Item === undefined ? null : schema.parse(Item);
  }

  const partItems = (run: Run) =>
    queryItems(client, {
      TableName: table,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :parts)',
      ExpressionAttributeValues: { ':pk': key(run, '').pk, ':parts': key(run, 'part|').sk },
      ConsistentRead: true,
      Limit: pageOfParts,
    });

  return {
    async store(sourceId, message, { now }) {
      const { type, n: _, runId, fence, ...content } = message;
      const names = {
        gatherBegin: 'begin',
        gatherEnd: 'end',
        gatherFailed: 'failed',
        gatherPart: partKey('part' in message ? message.part : 0),
      };
      const devices = 'devices' in content ? { devices: JSON.stringify(content.devices) } : {};
      const Item = {
        ...key({ sourceId, runId, fence }, names[type]),
        ...content,
        ...devices,
        expiresAt: Math.floor((now + keptMs) / 1000),
      };
      await client.send(new PutCommand({ TableName: table, Item }));
    },
    async read(run) {
      const [begin, end, failure] = await Promise.all([
        get(run, 'begin', begun),
        get(run, 'end', ended),
        get(run, 'failed', failed),
      ]);
      if (failure !== null) return { told: 'failed', failure };
      if (begin !== null && end !== null) return { told: 'whole', begin, end };
      return { told: begin === null ? 'nothing' : 'begun' };
    },
    async *parts(run) {
      for await (const item of partItems(run)) yield part.parse(item);
    },
  };
}
