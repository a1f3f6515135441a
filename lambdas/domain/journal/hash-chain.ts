/**
 * The hash chain of a source's journal: every line is numbered and hashed together with the previous line's hash, so that an
 * altered, removed, inserted or moved line is found, with its place. The hash function is passed in (SHA-256, lower-case hex).
 */
import { z } from 'zod';

/**
 * One line of the journal, about a device or (without user and device) about the source itself. Its id is the same everywhere.
 */
export const journalLine = z.object({
  lineId: z.string().min(1),
  sourceId: z.string().min(1),
  user: z.string().nullable(),
  deviceId: z.string().nullable(),
  /** Epoch ms: when it happened. Lines are in the order in which they were written, which is not always that of their times. */
  at: z.number(),
  id: z.string().min(1),
  kind: z.string().min(1),
  says: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type JournalLine = z.infer<typeof journalLine>;

export const chainEntry = z.object({
  /** 1, 2, 3, … within a source. */
  seq: z.number().int().positive(),
  line: journalLine,
  previousHash: z.string(),
  hash: z.string(),
});
export type ChainEntry = z.infer<typeof chainEntry>;

/** The last entry of a chain; `seq` 0 and the genesis hash while there is none. */
export const chainHead = z.object({ seq: z.number().int().nonnegative(), hash: z.string() });
export type ChainHead = z.infer<typeof chainHead>;

export type Hash = (text: string) => string;

export const genesis: ChainHead = { seq: 0, hash: '0'.repeat(64) };

/** The hash of an entry: over everything but the hash itself. */
export function seal(entry: Omit<ChainEntry, 'hash'>, hash: Hash): string {
  const { seq, line, previousHash } = entry;
  return hash(canonical({ seq, previousHash, line }));
}

/** The entries that follow `head`, one per line, in order. */
export function extend(head: ChainHead, lines: readonly JournalLine[], hash: Hash): ChainEntry[] {
  const entries: ChainEntry[] = [];
  let last = head;
  for (const line of lines) {
    const unsealed = { seq: last.seq + 1, line, previousHash: last.hash };
    const entry = { ...unsealed, hash: seal(unsealed, hash) };
    entries.push(entry);
    last = entry;
  }
  return entries;
}

/**
 * JSON with the fields of every object sorted by name, so that equal values give equal text. Numbers as JavaScript writes them.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`)
    .join(',')}}`;
}
