/**
 * What the guard stopped, in the Control table: one item each, kept. Invariants: a guard is written once, together with its
 * journal lines and, where the takings of a source wait, with the mark on that source; it leaves `waiting` once, for what a
 * person decided first; its end is written with its journal lines.
 */
import { GetCommand, QueryCommand, TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { sourceLineItem } from '#adapters/dynamodb/journal/timeline';
import { controlKeys } from '#adapters/dynamodb/keys';
import { committed, untilWritten } from '#adapters/dynamodb/transactions';
import { type GuardItem, guardItem, type guardState } from '#domain/quarantine/guard';
import { decidedLine, trippedLine } from '#domain/quarantine/guard-lines';

export type GuardStore = ReturnType<typeof guardStore>;
export type GuardDecision = 'confirm' | 'reject';
type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;

const underWay = { confirm: 'confirming', reject: 'rejecting' } as const;
const ended = { confirm: 'confirmed', reject: 'rejected' } as const;
const mostRead = 200;

export function guardStore(client: DocumentClient, tables: { control: string; journal: string }) {
  const write = (TransactItems: Writes) => committed(client.send(new TransactWriteCommand({ TransactItems })));
  const lines = (items: readonly Record<string, unknown>[]): Writes =>
    items.map((Item) => ({ Put: { TableName: tables.journal, Item } }));
  const lineItems = (guard: GuardItem, line: typeof trippedLine) =>
    Object.keys(guard.sources).flatMap((sourceId) => {
      const entry = line(guard, sourceId);
      return entry ? [sourceLineItem(sourceId, entry)] : [];
    });

  async function read(guardId: string): Promise<GuardItem | null> {
    const { Item } = await client.send(
      new GetCommand({ TableName: tables.control, Key: controlKeys.guard(guardId), ConsistentRead: true }),
    );
    return Item ? guardItem.parse(Item) : null;
  }

  /** Replaces a guard as it was read; false when somebody else was first. */
  const move = (before: GuardItem, after: GuardItem, also: Writes = []) =>
    write([
      {
        Put: {
          TableName: tables.control,
          Item: { ...controlKeys.guard(after.guardId), ...after },
          ConditionExpression: '#state = :before',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: { ':before': before.state },
        },
      },
      ...also,
    ]);

  return {
    read,

    /**
     * Stores a guard that tripped, once per id, and answers the one that is stored. `withholds`: sources whose automatic takings
     * wait with it; a source on which another guard waits already keeps that one.
     */
    async trip(guard: GuardItem, withholds: readonly string[] = []): Promise<GuardItem> {
      const known = await read(guard.guardId);
      if (known) return known;
      const marks = withholds.map((sourceId) => ({
        Update: {
          TableName: tables.control,
          Key: controlKeys.source(sourceId),
          UpdateExpression: 'SET guard = :guard, sourceId = :source',
          ExpressionAttributeValues: { ':guard': guard.guardId, ':source': sourceId },
        },
      }));
      const put = {
        Put: {
          TableName: tables.control,
          Item: { ...controlKeys.guard(guard.guardId), ...guard },
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      };
      return untilWritten(
        async () => ((await write([put, ...marks, ...lines(lineItems(guard, trippedLine))])) ? guard : read(guard.guardId)),
        'The guard',
      );
    },

    /**
     * A person's word. `begun`: to be carried out now (again, if it was cut off before its end). `decided`: somebody decided
     * otherwise, or it is done.
     */
    async begin(
      guardId: string,
      { decision, by, at }: { decision: GuardDecision; by: string; at: number },
    ): Promise<{ outcome: 'begun' | 'decided'; guard: GuardItem } | null> {
      const before = await read(guardId);
      if (!before) return null;
      if (before.state === underWay[decision]) return { outcome: 'begun', guard: before };
      if (before.state !== 'waiting') return { outcome: 'decided', guard: before };
      const guard = { ...before, state: underWay[decision], decidedBy: by, decidedAt: at };
      if (await move(before, guard)) return { outcome: 'begun', guard };
      const now = await read(guardId);
      return now && { outcome: now.state === underWay[decision] ? 'begun' : 'decided', guard: now };
    },

    /** The end: what was decided is carried out. Takes the mark off the sources that waited for it. */
    async finish(guard: GuardItem, outcome: string): Promise<GuardItem> {
      const decision = guard.state === 'confirming' ? 'confirm' : 'reject';
      const after: GuardItem = { ...guard, state: ended[decision], outcome, payload: null };
      await move(guard, after, lines(lineItems(after, decidedLine)));
      return (await read(guard.guardId)) ?? after;
    },

    /** Lets the takings of a source go on, if it is this guard that they wait for. */
    async release(sourceId: string, guardId: string): Promise<void> {
      await write([
        {
          Update: {
            TableName: tables.control,
            Key: controlKeys.source(sourceId),
            UpdateExpression: 'SET guard = :none',
            ConditionExpression: 'guard = :guard',
            ExpressionAttributeValues: { ':none': null, ':guard': guardId },
          },
        },
      ]);
    },

    /** Newest first; `waiting` also gives those whose decision is still being carried out. */
    async list({ waiting = false }: { waiting?: boolean } = {}): Promise<GuardItem[]> {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: tables.control,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': controlKeys.guard('').pk },
          Limit: mostRead,
        }),
      );
      const found = Items.map((item) => guardItem.parse(item)).filter(({ state }) => !waiting || isOpen(state));
      return found.sort((a, b) => b.at - a.at);
    },
  };
}

const isOpen = (state: z.infer<typeof guardState>) => state === 'waiting' || state === 'confirming' || state === 'rejecting';
