/**
 * Gather runs: one item each, under the source and newest last by run id; a pointer item finds a run by its id alone. Kept
 * for 30 days.
 */
import { GetCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type GatherRun, gatherRun } from '#domain/devices/source';
import type { TimelineEntry } from '#domain/journal/timeline';
import type { DocumentClient } from '../client.ts';
import { sourceLineItem } from '../journal/timeline.ts';
import { controlKeys } from '../keys.ts';
import { setExpression } from '../set-expression.ts';
import { committed, doneOnce } from '../transactions.ts';

export type RunChange = Partial<Omit<GatherRun, 'sourceId' | 'runId'>>;
export type RunStore = {
  /** Records a run as queued. The same run id again changes nothing and answers `false` (so does a second request at the very same moment). */
  request(run: Pick<GatherRun, 'sourceId' | 'runId' | 'reason' | 'requestedAt'>): Promise<boolean>;
  read(runId: string): Promise<GatherRun | null>;
  /** The run as recorded; recorded now if it was not. Null only if someone else is recording it at this moment. */
  open(run: Pick<GatherRun, 'sourceId' | 'runId' | 'reason' | 'requestedAt'>): Promise<GatherRun | null>;
  /** Newest first. */
  lastRuns(sourceId: string, count: number, options?: { consistent?: boolean }): Promise<GatherRun[]>;
  /** Sets the given fields of a run that exists; of one that does not (expired), nothing. */
  update(run: Pick<GatherRun, 'sourceId' | 'runId'>, change: RunChange): Promise<void>;
  /** As `update`, for the end of a run: with the line in its source's journal, both or none. */
  end(run: Pick<GatherRun, 'sourceId' | 'runId'>, change: RunChange, line: TimelineEntry): Promise<void>;
};

const keptSeconds = 30 * 24 * 3600;
const pointer = z.object({ sourceId: z.string() });

/** Run ids sort by time: ISO time of the request, then what makes it unique. */
export function runIdOf(requestedAt: number, unique: string): string {
  return `${new Date(requestedAt).toISOString().replace(/[:.]/g, '-')}-${unique}`;
}

export function newRun({ sourceId, runId, reason, requestedAt }: Parameters<RunStore['request']>[0]): GatherRun {
  return {
    sourceId,
    runId,
    reason,
    requestedAt,
    state: 'queued',
    baseline: false,
    startedAt: null,
    finishedAt: null,
    invocations: 0,
    counts: {
      pages: 0,
      devices: 0,
      totalRecords: null,
      details: 0,
      detailsWanted: 0,
      added: 0,
      changed: 0,
      missing: 0,
      removed: 0,
      users: 0,
    },
    requests: 0,
    units: { read: 0, write: 0 },
    estimatedEnd: null,
    problem: null,
  };
}

/** `journalTable`: where ends are told; only who ends runs needs it. */
export function runStore(client: DocumentClient, table: string, journalTable?: string): RunStore {
  async function readAt(sourceId: string, runId: string): Promise<GatherRun | null> {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: controlKeys.run(sourceId, runId), ConsistentRead: true }),
    );
    return Item === undefined ? null : gatherRun.parse(Item);
  }
  async function request(run: Parameters<RunStore['request']>[0]): Promise<boolean> {
    const expiresAt = Math.floor(run.requestedAt / 1000) + keptSeconds;
    const item = { ...controlKeys.run(run.sourceId, run.runId), ...newRun(run), expiresAt };
    const pointing = { ...controlKeys.runPointer(run.runId), sourceId: run.sourceId, expiresAt };
    return put([item, pointing]);
  }
  return {
    request,
    async open(run) {
      const known = await readAt(run.sourceId, run.runId);
      if (known !== null) return known;
      await request(run);
      return readAt(run.sourceId, run.runId);
    },
    async read(runId) {
      const { Item } = await client.send(
        new GetCommand({ TableName: table, Key: controlKeys.runPointer(runId), ConsistentRead: true }),
      );
      return Item === undefined ? null : readAt(pointer.parse(Item).sourceId, runId);
    },
    async lastRuns(sourceId, count, { consistent = false } = {}) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': controlKeys.run(sourceId, '').pk },
          ScanIndexForward: false,
          Limit: count,
          ConsistentRead: consistent,
        }),
      );
      return Items.map((item) => gatherRun.parse(item));
    },
    async update(run, change) {
      await client.send(new UpdateCommand(updateOf(run, change))).catch(unlessAbsent);
    },
    async end(run, change, line) {
      if (journalTable === undefined) throw new Error('This run store was made without the journal that an end is told to');
      const put = { TableName: journalTable, Item: sourceLineItem(run.sourceId, line) };
      const both = [{ Update: updateOf(run, change) }, { Put: put }];
      await doneOnce(() => client.send(new TransactWriteCommand({ TransactItems: both })), `Gather ${run.runId}`);
    },
  };

  function updateOf({ sourceId, runId }: Pick<GatherRun, 'sourceId' | 'runId'>, change: RunChange) {
    const { expression, names, values } = setExpression(change);
    return {
      TableName: table,
      Key: controlKeys.run(sourceId, runId),
      UpdateExpression: expression,
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    };
  }

  async function put(items: Record<string, unknown>[]): Promise<boolean> {
    const puts = items.map((Item) => ({
      Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' },
    }));
    return committed(client.send(new TransactWriteCommand({ TransactItems: puts })));
  }
}

function unlessAbsent(error: unknown): void {
  if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
}
