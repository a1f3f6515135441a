/**
 * Gather runs: one item each, under the source, sorted by run id and so by time; a pointer item finds a run by its id alone.
 * Kept for 30 days.
 */
import { GetCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import { type GatherRun, gatherRun } from '#domain/devices/source';
import type { TimelineEntry } from '#domain/journal/timeline';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import type { Page, PageRequest } from '../cursor.ts';
import { sourceLineItem } from '../journal/timeline.ts';
import { controlKeys } from '../keys.ts';
import { firstItems, queryPage } from '../query-pages.ts';
import { setExpression } from '../set-expression.ts';
import { committed, doneOnce } from '../transactions.ts';

export type RunChange = Partial<Omit<GatherRun, 'sourceId' | 'runId'>>;
export type RunStore = {
  /** Records a run as queued. False, and nothing changed, for a known run id (and for one of two simultaneous requests). */
  request(run: Pick<GatherRun, 'sourceId' | 'runId' | 'reason' | 'requestedAt'>): Promise<boolean>;
  read(runId: string): Promise<GatherRun | null>;
  /** The stored run; recorded first if it was not. Null only while another caller is recording it. */
  open(run: Pick<GatherRun, 'sourceId' | 'runId' | 'reason' | 'requestedAt'>): Promise<GatherRun | null>;
  /** A page of a source's runs, newest first. Eventually consistent. Throws a `CursorError` on an invalid cursor. */
  list(sourceId: string, page?: PageRequest): Promise<Page<GatherRun>>;
  /** The newest `count` runs, newest first. */
  lastRuns(sourceId: string, count: number, options?: { consistent?: boolean }): Promise<GatherRun[]>;
  /** Sets the given fields of a run; does nothing when it does not exist (it has expired). */
  update(run: Pick<GatherRun, 'sourceId' | 'runId'>, change: RunChange): Promise<void>;
  /** Like `update`, for the end of a run: with the line in its source's journal, both or none. A conflict is retried. */
  end(run: Pick<GatherRun, 'sourceId' | 'runId'>, change: RunChange, line: TimelineEntry): Promise<void>;
};

const pageSize = 50;
const keptSeconds = 30 * 24 * 3600;
const pointer = z.object({ sourceId: z.string() });

/** Run ids sort by time: the ISO time of the request (`requestedAt`: epoch ms), then a unique part. */
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

type State = { client: DocumentClient; table: string; journalTable: string | undefined; timing: RetryTiming };
type RunId = Pick<GatherRun, 'sourceId' | 'runId'>;
type NewRun = Parameters<RunStore['request']>[0];

/** `journalTable`: for the lines about ends; only callers that end runs need it. `timing`: of retries. */
export function runStore(client: DocumentClient, table: string, journalTable?: string, { timing = realTiming } = {}): RunStore {
  const state: State = { client, table, journalTable, timing };
  return {
    request: (run) => requestRun(state, run),
    open: (run) => openRun(state, run),
    read: (runId) => readRun(state, runId),
    list: (sourceId, page = {}) => listRuns(state, sourceId, page),
    lastRuns: (sourceId, count, options = {}) => newestRuns(state, sourceId, { count, ...options }),
    update: async (run, change) => void (await nullIfRefused(client.send(new UpdateCommand(updateOf(state, run, change))))),
    end: (run, change, line) => endRun(state, run, { change, line }),
  };
}

async function requestRun({ client, table }: State, run: NewRun): Promise<boolean> {
  const expiresAt = Math.floor(run.requestedAt / 1000) + keptSeconds;
  const items = [
    { ...controlKeys.run(run.sourceId, run.runId), ...newRun(run), expiresAt },
    { ...controlKeys.runPointer(run.runId), sourceId: run.sourceId, expiresAt },
  ];
  const TransactItems = items.map((Item) => ({
    Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' },
  }));
  return committed(client.send(new TransactWriteCommand({ TransactItems })));
}

async function openRun(state: State, run: NewRun): Promise<GatherRun | null> {
  const known = await readAt(state, run);
  if (known !== null) return known;
  await requestRun(state, run);
  return readAt(state, run);
}

async function readRun(state: State, runId: string): Promise<GatherRun | null> {
  const Key = controlKeys.runPointer(runId);
  const { Item } = await state.client.send(new GetCommand({ TableName: state.table, Key, ConsistentRead: true }));
  return Item === undefined ? null : readAt(state, { sourceId: pointer.parse(Item).sourceId, runId });
}

async function readAt({ client, table }: State, { sourceId, runId }: RunId): Promise<GatherRun | null> {
  const Key = controlKeys.run(sourceId, runId);
  const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
  return Item === undefined ? null : gatherRun.parse(Item);
}

async function listRuns({ client, table }: State, sourceId: string, page: PageRequest): Promise<Page<GatherRun>> {
  const { items, cursor } = await queryPage(client, newestFirst(table, sourceId), { limit: pageSize, ...page });
  return { items: items.map((item) => gatherRun.parse(item)), cursor };
}

async function newestRuns(
  { client, table }: State,
  sourceId: string,
  { count, consistent = false }: { count: number; consistent?: boolean },
): Promise<GatherRun[]> {
  const query = { ...newestFirst(table, sourceId), ConsistentRead: consistent };
  const { items } = await firstItems(client, query, count);
  return items.map((item) => gatherRun.parse(item));
}

const newestFirst = (table: string, sourceId: string) => ({
  TableName: table,
  KeyConditionExpression: 'pk = :pk',
  ExpressionAttributeValues: { ':pk': controlKeys.run(sourceId, '').pk },
  ScanIndexForward: false,
});

/** Writes nothing for a run that has expired, not even the line. */
async function endRun(state: State, run: RunId, { change, line }: { change: RunChange; line: TimelineEntry }): Promise<void> {
  const { client, journalTable, timing } = state;
  if (journalTable === undefined) throw new Error('This run store was made without the journal that holds the lines about ends');
  const put = { TableName: journalTable, Item: sourceLineItem(run.sourceId, line) };
  const TransactItems = [{ Update: updateOf(state, run, change) }, { Put: put }];
  await doneOnce(() => client.send(new TransactWriteCommand({ TransactItems })), `Gather run ${run.runId}`, timing);
}

function updateOf({ table }: State, { sourceId, runId }: RunId, change: RunChange) {
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
