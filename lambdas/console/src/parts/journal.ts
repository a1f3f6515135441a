/**
 * The journal of a source: its entries, the whole of it for a file, and the check of every line against its seal. The API returns chain entries
 * as JSON lines in the order in which they were sealed, and the number and hash of the last one as the head.
 */
import { z } from 'zod';
import { type LinesPage, read, readLines } from '../api.ts';

const entrySchema = z.object({
  seq: z.number(),
  previousHash: z.string(),
  hash: z.string(),
  kept: z.enum(['same', 'altered', 'missing']).optional(),
  line: z.looseObject({
    sourceId: z.string(),
    user: z.string().nullable(),
    deviceId: z.string().nullable(),
    at: z.number(),
    kind: z.string(),
    says: z.string(),
  }),
});
export type JournalEntry = z.infer<typeof entrySchema>;
export const headsSchema = z.object({ heads: z.array(z.object({ sourceId: z.string(), seq: z.number(), hash: z.string() })) });

export const entriesOf = (text: string): JournalEntry[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => entrySchema.parse(JSON.parse(line)));

const path = (source: string, more: Record<string, string> = {}) => `/journal?${new URLSearchParams({ source, ...more })}`;

/** The number and hash of the last line; null while there is none. */
export async function headOf(sourceId: string) {
  const { heads } = await read('/journal/heads', headsSchema);
  return heads.find((head) => head.sourceId === sourceId) ?? null;
}

async function eachPage(
  sourceId: string,
  more: Record<string, string>,
  onPage: (text: string) => Promise<boolean>,
): Promise<void> {
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: LinesPage = await readLines(path(sourceId, { ...more, ...(cursor ? { cursor } : {}) }));
    if (!(await onPage(page.text))) return;
    cursor = page.next;
  }
}

/** The whole journal as JSON lines, unchanged. */
export async function allOfJournal(sourceId: string): Promise<string> {
  const parts: string[] = [];
  await eachPage(sourceId, {}, async (text) => parts.push(text) > 0);
  return parts.join('');
}

type Place = Pick<JournalEntry['line'], 'at' | 'user' | 'deviceId'>;
export type Checked = {
  lines: number;
  /** The first line that fails the check; null if none does. `line`: that line, or the last one before it. */
  finding: { seq: number; kind: 'gap' | 'altered' | 'timeline' | 'end'; line: Place | null } | null;
};

/** Checks that numbers have no gap, each line is sealed with the previous one and equals its timeline line, and the last one matches the head. */
export async function checkJournal(sourceId: string, onLine: (count: number) => void): Promise<Checked> {
  const head = await headOf(sourceId);
  let last: { seq: number; hash: string; line: Place | null } = { seq: 0, hash: '0'.repeat(64), line: null };
  let finding: Checked['finding'] = null;
  await eachPage(sourceId, { check: 'true' }, async (text) => {
    for (const entry of entriesOf(text)) {
      const { seq, previousHash, line, hash, kept } = entry;
      if (seq !== last.seq + 1) finding = { seq: last.seq + 1, kind: 'gap', line };
      else if (previousHash !== last.hash || hash !== (await sealOf({ seq, previousHash, line })))
        finding = { seq, kind: 'altered', line };
      else if (kept !== undefined && kept !== 'same') finding = { seq, kind: 'timeline', line };
      if (finding !== null) return false;
      last = { seq, hash, line };
    }
    onLine(last.seq);
    return true;
  });
  if (finding === null && head !== null && last.seq < head.seq) finding = { seq: last.seq + 1, kind: 'end', line: last.line };
  return { lines: last.seq, finding };
}

async function sealOf(entry: unknown): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonical(entry)));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** JSON with the fields of every record sorted by name, as the seal was made (lambdas/domain/journal/hash-chain.ts). */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}
