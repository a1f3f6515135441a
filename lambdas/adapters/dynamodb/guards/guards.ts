/**
 * Tripped guards, in the Control table: one item each, kept forever. Invariants: a guard is written once, together with its
 * journal lines and with its hold on each source whose automatic actions wait; it leaves `waiting` once, for the first decision
 * of a person; its end is written together with its journal lines. Several guards may hold one source (guard-holds.ts).
 */
import type { DocumentClient } from '#adapters/dynamodb/client';
import { type GuardQuery, listGuards, waitingGuards } from '#adapters/dynamodb/guards/guard-list';
import { markWrite, readHolds, releaseSource } from '#adapters/dynamodb/guards/guard-marks';
import { type GuardTables, readGuard, type Writes, writeTogether } from '#adapters/dynamodb/guards/guard-tables';
import { readTakings, storeTakings } from '#adapters/dynamodb/guards/guarded-devices';
import { sourceLineItem } from '#adapters/dynamodb/journal/timeline';
import { controlKeys } from '#adapters/dynamodb/keys';
import { untilWritten } from '#adapters/dynamodb/transactions';
import type { GuardedDevice, GuardItem } from '#domain/quarantine/guard';
import { guardsHolding, withGuard } from '#domain/quarantine/guard-holds';
import { decidedLine, trippedLine } from '#domain/quarantine/guard-lines';

export type GuardStore = ReturnType<typeof guardStore>;
export type GuardDecision = 'confirm' | 'reject';
/** `withholds`: sources on which automatic actions wait. `taken`: every device that would lose access. */
export type Tripping = { withholds?: readonly string[]; taken?: readonly GuardedDevice[] };
type Begun = { outcome: 'begun' | 'decided'; guard: GuardItem };

const underWay = { confirm: 'confirming', reject: 'rejecting' } as const;
const ended = { confirm: 'confirmed', reject: 'rejected' } as const;

export function guardStore(client: DocumentClient, { control, journal }: { control: string; journal: string }) {
  const tables: GuardTables = { client, control, journal };
  return {
    read: (guardId: string): Promise<GuardItem | null> => readGuard(tables, guardId),

    /** Stores a guard that tripped, once per id, and returns the stored one. Its hold is added to those of other guards. */
    trip: (guard: GuardItem, how: Tripping = {}): Promise<GuardItem> => trip(tables, guard, how),

    /**
     * A person's decision. `begun`: carry it out now (again, if it was interrupted). `decided`: somebody decided otherwise, or
     * it is already carried out. Null for an unknown id.
     */
    begin: (guardId: string, decided: { decision: GuardDecision; by: string; at: number }): Promise<Begun | null> =>
      begin(tables, guardId, decided),

    /** The decision has been carried out. */
    finish: (guard: GuardItem, outcome: string): Promise<GuardItem> => finish(tables, guard, outcome),

    holds: (sourceId: string) => readHolds(tables, sourceId),

    /** Ends this guard's hold on a source, and only its own. Returns the guards that still hold it. */
    release: (sourceId: string, decided: { guardId: string; decision: GuardDecision }): Promise<string[]> =>
      releaseSource(tables, sourceId, decided),

    /** Every device that the guard stopped. */
    takings: (guard: GuardItem): Promise<GuardedDevice[]> => readTakings(tables, guard),

    /** Newest first, page by page; see `listGuards`. */
    list: (query: GuardQuery = {}) => listGuards(tables, query),

    /** All that are not decided, or whose decision is still being carried out; newest first. */
    waiting: (): Promise<GuardItem[]> => waitingGuards(tables),
  };
}

async function trip(tables: GuardTables, guard: GuardItem, { withholds = [], taken = [] }: Tripping): Promise<GuardItem> {
  const known = await readGuard(tables, guard.guardId);
  if (known) return known;
  const list = await storeTakings(tables, guard.guardId, taken);
  return untilWritten(async () => {
    const held = await Promise.all(withholds.map(async (id) => ({ id, before: await readHolds(tables, id) })));
    const others = [...new Set(held.flatMap(({ before }) => guardsHolding(before)))];
    const item: GuardItem = { ...guard, ...list, ...(others.length === 0 ? {} : { waitsFor: others }) };
    const marks = held.map(({ id, before }) => markWrite(tables, id, { before, after: withGuard(before, item.guardId) }));
    const put = { ...itemWrite(tables, item), ConditionExpression: 'attribute_not_exists(pk)' };
    const written = await writeTogether(tables, [{ Put: put }, ...marks, ...lineWrites(tables, item, trippedLine)]);
    return written ? item : readGuard(tables, item.guardId);
  }, 'The guard');
}

async function begin(
  tables: GuardTables,
  guardId: string,
  { decision, by, at }: { decision: GuardDecision; by: string; at: number },
): Promise<Begun | null> {
  const { begun } = await untilWritten(async () => {
    const before = await readGuard(tables, guardId);
    if (!before) return { begun: null };
    if (before.state === underWay[decision]) return { begun: { outcome: 'begun' as const, guard: before } };
    if (before.state !== 'waiting') return { begun: { outcome: 'decided' as const, guard: before } };
    const guard = { ...before, state: underWay[decision], decidedBy: by, decidedAt: at };
    return (await move(tables, before, { after: guard })) ? { begun: { outcome: 'begun' as const, guard } } : null;
  }, `Guard ${guardId}`);
  return begun;
}

function finish(tables: GuardTables, guard: GuardItem, outcome: string): Promise<GuardItem> {
  const decision = guard.state === 'confirming' ? 'confirm' : 'reject';
  const after: GuardItem = { ...guard, state: ended[decision], outcome, payload: null };
  return untilWritten(async () => {
    if (await move(tables, guard, { after, also: lineWrites(tables, after, decidedLine) })) return after;
    const stored = await readGuard(tables, guard.guardId);
    return stored?.state === guard.state ? null : (stored ?? after);
  }, `Guard ${guard.guardId}`);
}

/** Replaces a guard that was read; false when another writer changed it first. */
function move(
  tables: GuardTables,
  before: GuardItem,
  { after, also = [] }: { after: GuardItem; also?: Writes },
): Promise<boolean> {
  const put = {
    ...itemWrite(tables, after),
    ConditionExpression: '#state = :before',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':before': before.state },
  };
  return writeTogether(tables, [{ Put: put }, ...also]);
}

const itemWrite = ({ control }: GuardTables, guard: GuardItem) => ({
  TableName: control,
  Item: { ...controlKeys.guard(guard.guardId), ...guard },
});

const lineWrites = ({ journal }: GuardTables, guard: GuardItem, line: typeof trippedLine): Writes =>
  Object.keys(guard.sources).flatMap((sourceId) => {
    const entry = line(guard, sourceId);
    return entry ? [{ Put: { TableName: journal, Item: sourceLineItem(sourceId, entry) } }] : [];
  });
