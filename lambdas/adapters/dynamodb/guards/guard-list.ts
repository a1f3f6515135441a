/**
 * Lists guards by time. Their items are keyed by id, so the times and states of all of them are read (there are few: each one
 * waited for a person), and then only the items of one page.
 */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { getAll } from '#adapters/dynamodb/batch-requests';
import { CursorError, decodeCursor, encodeCursor } from '#adapters/dynamodb/cursor';
import type { GuardTables } from '#adapters/dynamodb/guards/guard-tables';
import { controlKeys } from '#adapters/dynamodb/keys';
import { type GuardItem, guardItem } from '#domain/quarantine/guard';

export type GuardQuery = { waiting?: boolean | undefined; cursor?: string | null | undefined; limit?: number | undefined };
export type GuardPage = { guards: GuardItem[]; cursor: string | null };

const head = guardItem.pick({ guardId: true, at: true, state: true });
type Head = z.infer<typeof head>;
const place = z.object({ at: z.coerce.number().finite(), guardId: z.string() });
type Place = z.infer<typeof place>;

/** Maximum number of guards on one page. */
export const mostGuards = 100;

/**
 * Newest first. `waiting`: only those that are not decided, or whose decision is still being carried out. Continue with `cursor`
 * until it is null; a guard that trips in between does not shift the pages.
 */
export async function listGuards(
  tables: GuardTables,
  { waiting = false, cursor = null, limit = mostGuards }: GuardQuery,
): Promise<GuardPage> {
  const after = cursor === null ? null : placeOf(cursor);
  const heads = (await readHeads(tables)).filter(({ state }) => !waiting || isOpen(state)).sort(newestFirst);
  const rest = after === null ? heads : heads.filter((one) => newestFirst(after, one) < 0);
  const page = rest.slice(0, limit);
  const guards = await readItems(tables, page);
  const last = page.at(-1);
  return {
    guards: guards.filter(({ state }) => !waiting || isOpen(state)),
    cursor:
      last === undefined || rest.length === page.length ? null : encodeCursor({ at: String(last.at), guardId: last.guardId }),
  };
}

/** All waiting guards, newest first. */
export async function waitingGuards(tables: GuardTables): Promise<GuardItem[]> {
  const { guards } = await listGuards(tables, { waiting: true, limit: Number.POSITIVE_INFINITY });
  return guards;
}

async function readHeads({ client, control }: GuardTables): Promise<Head[]> {
  const found: Head[] = [];
  const pages = paginateQuery(
    { client },
    {
      TableName: control,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': controlKeys.guard('').pk },
      ProjectionExpression: '#guardId, #at, #state',
      ExpressionAttributeNames: { '#guardId': 'guardId', '#at': 'at', '#state': 'state' },
    },
  );
  for await (const { Items = [] } of pages) found.push(...Items.map((item) => head.parse(item)));
  return found;
}

async function readItems({ client, control }: GuardTables, heads: readonly Head[]): Promise<GuardItem[]> {
  const keys = heads.map(({ guardId }) => controlKeys.guard(guardId));
  const items = await getAll(client, control, keys);
  return items.map((item) => guardItem.parse(item)).sort(newestFirst);
}

const newestFirst = (a: Place, b: Place): number => b.at - a.at || (a.guardId < b.guardId ? -1 : a.guardId > b.guardId ? 1 : 0);

const isOpen = (state: GuardItem['state']) => state === 'waiting' || state === 'confirming' || state === 'rejecting';

function placeOf(cursor: string): Place {
  const parsed = place.safeParse(decodeCursor(cursor));
  if (!parsed.success) throw new CursorError(parsed.error);
  return parsed.data;
}
