/**
 * The hash chain of each source's journal (domain/chain.ts), in the Journal table:
 * entries pk `chain|source`, sk the number; the head pk `chain-head|source`; one mark per line, pk `chained|lineId`.
 *
 * Invariants: entries are added by one transaction with their marks and the head, conditional on the head that was read, so
 * that numbers have no gap and no line is in the chain twice, however often or by how many at once it is handed in.
 */
import { hash as digest } from 'node:crypto';
import { GetCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { getAll, parts } from '#adapters/dynamodb/batch-requests';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { chainHeadKey, chainKey, chainMarkKey } from '#adapters/dynamodb/keys';
import { committed, untilSettled } from '#adapters/dynamodb/transactions';
import {
  type ChainEntry,
  type ChainHead,
  chainEntry,
  chainHead,
  extend,
  genesis,
  type JournalLine,
} from '#domain/journal/hash-chain';

/** DynamoDB takes a hundred items in a transaction: the head, and an entry and a mark for each line. */
const linesAtOnce = 49;

/** More than any chain has: its numbers are kept with twelve digits. */
const highestSeq = 999_999_999_999;

export const sha256 = (text: string): string => digest('sha256', text, 'hex');

export type ChainPage = {
  entries: ChainEntry[] /** Where to read on; null at the end of the chain as it is now (or, read back, at its first entry). */;
  nextSeq: number | null;
};
export type ChainReader = Pick<ChainStore, 'readChain' | 'head'>;
export type ChainStore = ReturnType<typeof chainStore>;

export function chainStore(client: DocumentClient, journalTable: string) {
  async function head(sourceId: string): Promise<ChainHead> {
    const { Item } = await client.send(
      new GetCommand({ TableName: journalTable, Key: chainHeadKey(sourceId), ConsistentRead: true }),
    );
    return Item === undefined ? genesis : chainHead.parse(Item);
  }

  /** Null when another writer moved the head meanwhile: to be read and tried anew. */
  async function appendPart(sourceId: string, lines: readonly JournalLine[]): Promise<ChainEntry[] | null> {
    const [last, marks] = await Promise.all([
      head(sourceId),
      getAll(
        client,
        journalTable,
        lines.map(({ lineId }) => chainMarkKey(lineId)),
      ),
    ]);
    const known = new Set(marks.map(({ pk }) => String(pk)));
    const entries = extend(
      last,
      lines.filter(({ lineId }) => !known.has(chainMarkKey(lineId).pk)),
      sha256,
    );
    const newest = entries.at(-1);
    if (newest === undefined) return [];
    const items = entries.flatMap((entry) => [
      { ...chainKey(sourceId, entry.seq), ...entry },
      { ...chainMarkKey(entry.line.lineId), sourceId, seq: entry.seq },
    ]);
    const puts = items.map((Item) => ({
      Put: { TableName: journalTable, Item, ConditionExpression: 'attribute_not_exists(pk)' },
    }));
    const moved = {
      Put: {
        TableName: journalTable,
        Item: { ...chainHeadKey(sourceId), seq: newest.seq, hash: newest.hash },
        ConditionExpression: last.seq === 0 ? 'attribute_not_exists(pk)' : 'seq = :seq AND #hash = :hash',
        ...(last.seq === 0
          ? {}
          : {
              ExpressionAttributeNames: { '#hash': 'hash' },
              ExpressionAttributeValues: { ':seq': last.seq, ':hash': last.hash },
            }),
      },
    };
    const done = await committed(client.send(new TransactWriteCommand({ TransactItems: [moved, ...puts] })));
    return done ? entries : null;
  }

  return {
    head,

    /**
     * Adds lines of one source to its chain, in their order; those that are in it already are left out. Answers the new entries.
     * Throws when others keep writing the chain: what handed the lines in then comes again.
     */
    async append(sourceId: string, lines: readonly JournalLine[]): Promise<ChainEntry[]> {
      const distinct = [...new Map(lines.map((line) => [line.lineId, line])).values()];
      const added: ChainEntry[] = [];
      for (const part of parts(distinct, linesAtOnce))
        added.push(...(await untilSettled(() => appendPart(sourceId, part), `The journal chain of ${sourceId}`)));
      return added;
    },

    /** Entries from number `fromSeq` on, in order, at most `limit`. Strongly consistent. */
    async readChain(
      sourceId: string,
      { fromSeq = 1, limit = 500 }: { fromSeq?: number; limit?: number } = {},
    ): Promise<ChainPage> {
      const { entries, isEnd } = await readPart(sourceId, { range: ['>=', fromSeq], forward: true, limit });
      const last = entries.at(-1);
      return { entries, nextSeq: isEnd || last === undefined ? null : last.seq + 1 };
    },

    /** Entries from number `fromSeq` back to the first, the newest first, at most `limit`; left out: from the end of the chain. */
    async readChainBack(
      sourceId: string,
      { fromSeq, limit = 500 }: { fromSeq?: number | undefined; limit?: number } = {},
    ): Promise<ChainPage> {
      const { entries } = await readPart(sourceId, { range: ['<=', fromSeq ?? highestSeq], forward: false, limit });
      const last = entries.at(-1);
      return { entries, nextSeq: last === undefined || last.seq === 1 ? null : last.seq - 1 };
    },
  };

  type Part = { range: ['>=' | '<=', number]; forward: boolean; limit: number };
  async function readPart(sourceId: string, { range: [compares, seq], forward, limit }: Part) {
    const { pk, sk } = chainKey(sourceId, seq);
    const entries: ChainEntry[] = [];
    let from: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: journalTable,
          KeyConditionExpression: `pk = :pk AND sk ${compares} :seq`,
          ExpressionAttributeValues: { ':pk': pk, ':seq': sk },
          ScanIndexForward: forward,
          Limit: limit - entries.length,
          ConsistentRead: true,
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      );
      entries.push(...Items.map((item) => chainEntry.parse(item)));
      from = LastEvaluatedKey;
    } while (from !== undefined && entries.length < limit);
    return { entries, isEnd: from === undefined };
  }
}
