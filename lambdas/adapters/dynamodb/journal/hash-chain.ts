/**
 * The hash chain of each source's journal (domain/journal/hash-chain.ts), in the Journal table:
 * entries pk `chain|source`, sk the number; the head pk `chain-head|source`; one mark per line, pk `chained|lineId`.
 *
 * Invariants: entries are added in one transaction with their marks and the head, conditional on the head that was read, so
 * that numbers have no gap and no line is in the chain twice, even when it is appended repeatedly or concurrently.
 */
import { hash as digest } from 'node:crypto';
import { GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '#adapters/dynamodb/batch-requests';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { chainHeadKey, chainKey, chainMarkKey } from '#adapters/dynamodb/keys';
import { firstItems } from '#adapters/dynamodb/query-pages';
import { committed, untilWritten } from '#adapters/dynamodb/transactions';
import { parts } from '#adapters/list-parts';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import {
  type ChainEntry,
  type ChainHead,
  chainEntry,
  chainHead,
  extend,
  genesis,
  type JournalLine,
} from '#domain/journal/hash-chain';

/** DynamoDB allows a hundred items in a transaction: the head, and an entry and a mark for each line. */
const linesAtOnce = 49;

/** Higher than any chain: its numbers are stored with twelve digits. */
const highestSeq = 999_999_999_999;

export const sha256 = (text: string): string => digest('sha256', text, 'hex');

export type ChainPage = {
  entries: ChainEntry[];
  /** Where to continue; null at the current end of the chain (or, reading backwards, at its first entry). */
  nextSeq: number | null;
};
export type ChainReader = Pick<ChainStore, 'readChain' | 'head'>;
export type ChainStore = ReturnType<typeof chainStore>;

type State = { client: DocumentClient; table: string; timing: RetryTiming };
const pageSize = 500;

/** Chains in DynamoDB. `timing`: of retries. */
export function chainStore(client: DocumentClient, journalTable: string, { timing = realTiming } = {}) {
  const state: State = { client, table: journalTable, timing };
  return {
    /** The last entry's number and hash; for a source without lines the genesis. Strongly consistent. */
    head: (sourceId: string): Promise<ChainHead> => readHead(state, sourceId),

    /**
     * Adds lines of one source to its chain, in their order; those that are already in it are skipped. Returns the new entries.
     * Throws when other writers win every retry: the caller's message is then redelivered.
     */
    append: (sourceId: string, lines: readonly JournalLine[]): Promise<ChainEntry[]> => append(state, sourceId, lines),

    /** Entries from number `fromSeq` on, in order, at most `limit`. Strongly consistent. */
    async readChain(sourceId: string, { fromSeq = 1, limit = pageSize }: Reading = {}): Promise<ChainPage> {
      const { entries, isEnd } = await readPart(state, sourceId, { range: ['>=', fromSeq], forward: true, limit });
      const last = entries.at(-1);
      return { entries, nextSeq: isEnd || last === undefined ? null : last.seq + 1 };
    },

    /** Entries from number `fromSeq` (default: the end of the chain) back to the first, newest first, at most `limit`. */
    async readChainBack(sourceId: string, { fromSeq = highestSeq, limit = pageSize }: Reading = {}): Promise<ChainPage> {
      const { entries } = await readPart(state, sourceId, { range: ['<=', fromSeq], forward: false, limit });
      const last = entries.at(-1);
      return { entries, nextSeq: last === undefined || last.seq === 1 ? null : last.seq - 1 };
    },
  };
}

type Reading = { fromSeq?: number | undefined; limit?: number };

async function readHead({ client, table }: State, sourceId: string): Promise<ChainHead> {
  const { Item } = await client.send(new GetCommand({ TableName: table, Key: chainHeadKey(sourceId), ConsistentRead: true }));
  return Item === undefined ? genesis : chainHead.parse(Item);
}

async function append(state: State, sourceId: string, lines: readonly JournalLine[]): Promise<ChainEntry[]> {
  const distinct = [...new Map(lines.map((line) => [line.lineId, line])).values()];
  const added: ChainEntry[] = [];
  for (const part of parts(distinct, linesAtOnce)) {
    const attempt = () => appendPart(state, sourceId, part);
    added.push(...(await untilWritten(attempt, `The journal chain of ${sourceId}`, state.timing)));
  }
  return added;
}

/** Null when another writer moved the head meanwhile: it is read again, and the write retried. */
async function appendPart(state: State, sourceId: string, lines: readonly JournalLine[]): Promise<ChainEntry[] | null> {
  const { client, table, timing } = state;
  const markKeys = lines.map(({ lineId }) => chainMarkKey(lineId));
  const [last, marks] = await Promise.all([readHead(state, sourceId), getAll(client, table, markKeys, { timing })]);
  const known = new Set(marks.map(({ pk }) => String(pk)));
  const fresh = lines.filter(({ lineId }) => !known.has(chainMarkKey(lineId).pk));
  const entries = extend(last, fresh, sha256);
  const newest = entries.at(-1);
  if (newest === undefined) return [];
  const TransactItems = [
    headMove(table, sourceId, { last, newest }),
    ...entries.flatMap((entry) => entryPuts(table, sourceId, entry)),
  ];
  return (await committed(client.send(new TransactWriteCommand({ TransactItems })))) ? entries : null;
}

/** Refused when the head changed since it was read. */
function headMove(table: string, sourceId: string, { last, newest }: { last: ChainHead; newest: ChainEntry }) {
  const Item = { ...chainHeadKey(sourceId), seq: newest.seq, hash: newest.hash };
  if (last.seq === 0) return { Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' } };
  return {
    Put: {
      TableName: table,
      Item,
      ConditionExpression: 'seq = :seq AND #hash = :hash',
      ExpressionAttributeNames: { '#hash': 'hash' },
      ExpressionAttributeValues: { ':seq': last.seq, ':hash': last.hash },
    },
  };
}

/** An entry and its mark; neither may exist yet. */
function entryPuts(table: string, sourceId: string, entry: ChainEntry) {
  const items = [
    { ...chainKey(sourceId, entry.seq), ...entry },
    { ...chainMarkKey(entry.line.lineId), sourceId, seq: entry.seq },
  ];
  return items.map((Item) => ({ Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' } }));
}

type Part = { range: ['>=' | '<=', number]; forward: boolean; limit: number };

async function readPart({ client, table }: State, sourceId: string, { range: [compares, seq], forward, limit }: Part) {
  const { pk, sk } = chainKey(sourceId, seq);
  const query = {
    TableName: table,
    KeyConditionExpression: `pk = :pk AND sk ${compares} :seq`,
    ExpressionAttributeValues: { ':pk': pk, ':seq': sk },
    ScanIndexForward: forward,
    ConsistentRead: true,
  };
  const { items, isEnd } = await firstItems(client, query, limit);
  return { entries: items.map((item) => chainEntry.parse(item)), isEnd };
}
