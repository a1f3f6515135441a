/**
 * Bulks in the Control table: their requests, in parts, and the progress of each part. Invariants: the parts are stored before
 * the bulk itself, so a bulk that can be read is complete; a stored part is never replaced (bulk-staging.ts); a cancelled bulk
 * stays cancelled. Kept for 30 days after the request.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { type BulkState, readBulk, stageBulk } from '#adapters/dynamodb/actions/bulk-staging';
import { readActions } from '#adapters/dynamodb/actions/ledger-reads';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { nullIfRefused } from '#adapters/dynamodb/conditional-write';
import { controlKeys } from '#adapters/dynamodb/keys';
import { queryItems } from '#adapters/dynamodb/query-pages';
import { realTiming } from '#adapters/retry-timing';
import { isFinal } from '#domain/actions/transitions';
import {
  addCounts,
  type Bulk,
  countStates,
  type PartProgress,
  partProgress,
  partRequests,
  type StateCounts,
} from '#domain/messages/bulk';
import type { ActionRequested } from '#domain/messages/events-in';

export type BulkStore = ReturnType<typeof bulkStore>;
type Refused = PartProgress['refused'];

const partsAtOnce = 8;

/** Bulks in DynamoDB. `timing`: of retries. */
export function bulkStore(client: DocumentClient, tables: { control: string; actions: string }, { timing = realTiming } = {}) {
  const state: BulkState = { client, tables, timing };
  return {
    /** Strongly consistent; null for an unknown id. */
    read: (bulkId: string): Promise<Bulk | null> => readBulk(state, bulkId),

    /**
     * Stores a bulk with its requests. `known`: a bulk with this id and content already exists; `different`: one with this id
     * and other content exists, and nothing was written.
     */
    stage: (wanted: Bulk, requests: readonly ActionRequested[]): Promise<'staged' | 'known' | 'different'> =>
      stageBulk(state, wanted, requests),

    /** The requests of one part; empty for a part that is not stored (any more). */
    requestsOf: (bulkId: string, part: number): Promise<ActionRequested[]> => requestsOfPart(state, bulkId, part),

    /** Records that every action of a part was requested, or refused with a reason. Throws for a part that is not stored. */
    markTaken: (bulkId: string, part: number, refused: Refused): Promise<void> =>
      setProgress(state, { bulkId, part }, { taken: true, refused }),

    /** Records only the first person who cancels. Null: no such bulk. */
    cancel: (bulkId: string, { at, by }: { at: number; by: string }): Promise<Bulk | null> =>
      cancelBulk(state, bulkId, { at, by }),

    /** How many actions are in which state, and what was refused. The counts of a finished part are stored. */
    tally: (bulkId: string): Promise<{ states: StateCounts; refused: Refused }> => tallyBulk(state, bulkId),
  };
}

async function requestsOfPart({ client, tables }: BulkState, bulkId: string, part: number): Promise<ActionRequested[]> {
  const Key = controlKeys.bulkRequests(bulkId, part);
  const { Item } = await client.send(new GetCommand({ TableName: tables.control, Key, ConsistentRead: true }));
  return Item ? partRequests.parse(Item).requests : [];
}

async function cancelBulk(state: BulkState, bulkId: string, { at, by }: { at: number; by: string }): Promise<Bulk | null> {
  const update = new UpdateCommand({
    TableName: state.tables.control,
    Key: controlKeys.bulk(bulkId),
    UpdateExpression: 'SET cancelledAt = :at, cancelledBy = :by',
    ConditionExpression: 'attribute_exists(pk) AND cancelledAt = :none',
    ExpressionAttributeValues: { ':at': at, ':by': by, ':none': null },
  });
  // Refused: the bulk does not exist, or is already cancelled; reading it shows which.
  await nullIfRefused(state.client.send(update));
  return readBulk(state, bulkId);
}

async function tallyBulk(state: BulkState, bulkId: string): Promise<{ states: StateCounts; refused: Refused }> {
  const all = await progressOfParts(state, bulkId);
  const counted = await pMap(all, (part) => countPart(state, bulkId, part), { concurrency: partsAtOnce });
  return { states: counted.reduce(addCounts, {}), refused: all.flatMap(({ refused }) => refused) };
}

async function progressOfParts({ client, tables }: BulkState, bulkId: string): Promise<PartProgress[]> {
  const query = {
    TableName: tables.control,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :progress)',
    ExpressionAttributeValues: { ':pk': controlKeys.bulk(bulkId).pk, ':progress': 'progress|' },
  };
  const found: PartProgress[] = [];
  for await (const item of queryItems(client, query)) found.push(partProgress.parse(item));
  return found;
}

/** Actions that are not in the ledger (yet) are not counted. */
async function countPart(
  state: BulkState,
  bulkId: string,
  { part, actionIds, taken, refused, ended }: PartProgress,
): Promise<StateCounts> {
  if (ended) return ended;
  const found = (await readActions(state, actionIds)).map((action) => action.state);
  const states = countStates(found);
  const isOver = taken && found.length + refused.length === actionIds.length && found.every(isFinal);
  if (isOver) await setProgress(state, { bulkId, part }, { ended: states });
  return states;
}

type Change = { taken: true; refused: Refused } | { ended: StateCounts };

async function setProgress(
  { client, tables }: BulkState,
  { bulkId, part }: { bulkId: string; part: number },
  change: Change,
): Promise<void> {
  const names = Object.keys(change);
  const update = new UpdateCommand({
    TableName: tables.control,
    Key: controlKeys.bulkProgress(bulkId, part),
    UpdateExpression: `SET ${names.map((name) => `${name} = :${name}`).join(', ')}`,
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: Object.fromEntries(Object.entries(change).map(([name, value]) => [`:${name}`, value])),
  });
  await client.send(update);
}
