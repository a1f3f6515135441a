/**
 * Bulks in the Control table: what was asked, in parts, and how far each part is. Invariants: the parts are stored before the
 * bulk itself, so a bulk that can be read is whole; a cancelled one stays cancelled. Kept for 30 days after it was asked for.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { storedAction } from '#adapters/dynamodb/actions/ledger-item';
import { getAll, parts, putAll } from '#adapters/dynamodb/batch-requests';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { controlKeys } from '#adapters/dynamodb/keys';
import { isFinal } from '#domain/actions/transitions';
import {
  addCounts,
  type Bulk,
  bulk as bulkSchema,
  countStates,
  type PartProgress,
  partProgress,
  partRequests,
  partSize,
  type StateCounts,
} from '#domain/messages/bulk';
import type { ActionRequested } from '#domain/messages/events-in';

export type BulkStore = ReturnType<typeof bulkStore>;
type Refused = PartProgress['refused'];

const keptSeconds = 30 * 24 * 3600;
const partsAtOnce = 8;

export function bulkStore(client: DocumentClient, tables: { control: string; actions: string }) {
  const table = tables.control;

  async function read(bulkId: string): Promise<Bulk | null> {
    const { Item } = await client.send(new GetCommand({ TableName: table, Key: controlKeys.bulk(bulkId), ConsistentRead: true }));
    return Item ? bulkSchema.parse(Item) : null;
  }

  async function progressItems(bulkId: string): Promise<PartProgress[]> {
    const found: PartProgress[] = [];
    const { pk } = controlKeys.bulk(bulkId);
    const pages = paginateQuery(
      { client },
      {
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :progress)',
        ExpressionAttributeValues: { ':pk': pk, ':progress': 'progress|' },
      },
    );
    for await (const { Items = [] } of pages) found.push(...Items.map((item) => partProgress.parse(item)));
    return found;
  }

  /** Ids that are not in the ledger (yet) are left out. */
  async function statesOf(actionIds: readonly string[]) {
    const found = await getAll(
      client,
      tables.actions,
      actionIds.map((actionId) => ({ actionId })),
    );
    return found.map((item) => storedAction.parse(item).state);
  }

  async function markEnded(bulkId: string, part: number, ended: StateCounts): Promise<void> {
    await client.send(
      new UpdateCommand({
        TableName: table,
        Key: controlKeys.bulkProgress(bulkId, part),
        UpdateExpression: 'SET ended = :ended',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':ended': ended },
      }),
    );
  }

  return {
    read,

    /**
     * Stores a bulk with what it asks for. `known`: a bulk of this id and content is there already; `different`: one of this id
     * with another content, and nothing was written.
     */
    async stage(wanted: Bulk, requests: readonly ActionRequested[]): Promise<'staged' | 'known' | 'different'> {
      const stored = await read(wanted.bulkId);
      if (stored) return stored.content === wanted.content ? 'known' : 'different';
      const expiresAt = Math.floor(wanted.requestedAt / 1000) + keptSeconds;
      const all = parts(requests, partSize);
      await putAll(
        client,
        table,
        all.flatMap((some, part) => [
          { ...controlKeys.bulkRequests(wanted.bulkId, part), requests: some, expiresAt },
          {
            ...controlKeys.bulkProgress(wanted.bulkId, part),
            ...{ part, actionIds: some.map(({ actionId }) => actionId), taken: false, refused: [], ended: null, expiresAt },
          },
        ]),
      );
      try {
        const Item = { ...controlKeys.bulk(wanted.bulkId), ...wanted, expiresAt };
        await client.send(new PutCommand({ TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' }));
        return 'staged';
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return (await read(wanted.bulkId))?.content === wanted.content ? 'known' : 'different';
      }
    },

    async requestsOf(bulkId: string, part: number): Promise<ActionRequested[]> {
      const Key = controlKeys.bulkRequests(bulkId, part);
      const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
      return Item ? partRequests.parse(Item).requests : [];
    },

    async markTaken(bulkId: string, part: number, refused: Refused): Promise<void> {
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: controlKeys.bulkProgress(bulkId, part),
          UpdateExpression: 'SET taken = :true, refused = :refused',
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeValues: { ':true': true, ':refused': refused },
        }),
      );
    },

    /** The first to cancel stays the one who did. `null`: no such bulk. */
    async cancel(bulkId: string, { at, by }: { at: number; by: string }): Promise<Bulk | null> {
      const update = new UpdateCommand({
        TableName: table,
        Key: controlKeys.bulk(bulkId),
        UpdateExpression: 'SET cancelledAt = :at, cancelledBy = :by',
        ConditionExpression: 'attribute_exists(pk) AND cancelledAt = :none',
        ExpressionAttributeValues: { ':at': at, ':by': by, ':none': null },
      });
      await client.send(update).catch((error: unknown) => {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      });
      return read(bulkId);
    },

    /** How many actions are in which state, and what was refused; what has ended is counted once and kept. */
    async tally(bulkId: string): Promise<{ states: StateCounts; refused: Refused }> {
      const all = await progressItems(bulkId);
      const counted = await pMap(
        all,
        async ({ part, actionIds, taken, refused, ended }) => {
          if (ended) return ended;
          const found = await statesOf(actionIds);
          const states = countStates(found);
          const isOver = taken && found.length + refused.length === actionIds.length && found.every(isFinal);
          if (isOver) await markEnded(bulkId, part, states);
          return states;
        },
        { concurrency: partsAtOnce },
      );
      return { states: counted.reduce(addCounts, {}), refused: all.flatMap(({ refused }) => refused) };
    },
  };
}
