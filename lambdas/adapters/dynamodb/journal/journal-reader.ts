/** The journal for export: the chain's entries, and whether the timeline that people see still has each line. */
import { getAll } from '#adapters/dynamodb/batch-requests';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { type ChainStore, chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { lineOf } from '#adapters/dynamodb/journal/journal-stream';
import { journalPk, journalSk, sourceJournalPk } from '#adapters/dynamodb/keys';
import { realTiming } from '#adapters/retry-timing';
import { canonical, type JournalLine } from '#domain/journal/hash-chain';
import type { Kept } from '#domain/journal/verify-chain';

export type JournalReader = Pick<ChainStore, 'readChain' | 'readChainBack' | 'head'> & {
  /** In the order of the lines. */
  kept(lines: readonly JournalLine[]): Promise<Kept[]>;
};

/** The journal in DynamoDB. `timing`: of retries. */
export function journalReader(client: DocumentClient, journalTable: string, { timing = realTiming } = {}): JournalReader {
  return {
    ...chainStore(client, journalTable, { timing }),
    async kept(lines) {
      const keys = lines.map(keyOf);
      const distinct = [...new Map(keys.map((key) => [textOf(key), key])).values()];
      const items = await getAll(client, journalTable, distinct, { timing });
      const byKey = new Map(items.map((item) => [textOf(item), item]));
      return lines.map((line, index) => {
        const item = byKey.get(textOf(keys[index] ?? {}));
        if (item === undefined) return 'missing';
        return sameLine(item, line) ? 'same' : 'altered';
      });
    },
  };
}

function keyOf({ sourceId, user, deviceId, at, id }: JournalLine) {
  const pk = user === null || deviceId === null ? sourceJournalPk(sourceId) : journalPk({ sourceId, user, deviceId });
  return { pk, sk: journalSk(at, id) };
}

const textOf = ({ pk, sk }: Record<string, unknown>): string => JSON.stringify([pk, sk]);

function sameLine(item: unknown, line: JournalLine): boolean {
  try {
    return canonical(lineOf(item)) === canonical(line);
  } catch {
    return false;
  }
}
