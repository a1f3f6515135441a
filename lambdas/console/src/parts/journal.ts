/**
 * The journal of a source: read newest first, a part at a time; checked line by line against its seal. The API gives chain entries
 * as JSON lines in the order in which they were sealed, and the number and hash of the last one as the head.
 */
import { useCallback, useEffect, useState } from 'react';
import { z } from 'zod';
import { messageOf, Refused, read, readLines } from '../api.ts';

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

/** The API gives so many lines at once. */
const atOnce = 500;

export const entriesOf = (text: string): JournalEntry[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => entrySchema.parse(JSON.parse(line)));

const path = (source: string, more: Record<string, string> = {}) => `/journal?${new URLSearchParams({ source, ...more })}`;

async function headOf(sourceId: string) {
  const { heads } = await read('/journal/heads', headsSchema);
  return heads.find((head) => head.sourceId === sourceId) ?? null;
}

async function eachPage(sourceId: string, more: Record<string, string>, take: (text: string) => Promise<boolean>): Promise<void> {
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { text: string; next: string | null } = await readLines(
      path(sourceId, { ...more, ...(cursor ? { cursor } : {}) }),
    );
    if (!(await take(page.text))) return;
    cursor = page.next;
  }
}

/** The whole of it, as it is. */
export async function allOfJournal(sourceId: string): Promise<string> {
  const parts: string[] = [];
  await eachPage(sourceId, {}, async (text) => parts.push(text) > 0);
  return parts.join('');
}

export type Checked = { lines: number; trouble: { seq: number; kind: 'gap' | 'altered' | 'timeline' | 'end' } | null };

/** Numbers without a gap, each line sealed with the one before it, the same as in the timeline, and the last one as the head says. */
export async function checkJournal(sourceId: string, onLine: (count: number) => void): Promise<Checked> {
  const head = await headOf(sourceId);
  let last = { seq: 0, hash: '0'.repeat(64) };
  let trouble: Checked['trouble'] = null;
  await eachPage(sourceId, { check: 'true' }, async (text) => {
    for (const entry of entriesOf(text)) {
      const { seq, previousHash, line, hash, kept } = entry;
      if (seq !== last.seq + 1) trouble = { seq: last.seq + 1, kind: 'gap' };
      else if (previousHash !== last.hash || hash !== (await sealOf({ seq, previousHash, line })))
        trouble = { seq, kind: 'altered' };
      else if (kept !== undefined && kept !== 'same') trouble = { seq, kind: 'timeline' };
      if (trouble !== null) return false;
      last = { seq, hash };
    }
    onLine(last.seq);
    return true;
  });
  if (trouble === null && head !== null && last.seq < head.seq) trouble = { seq: last.seq + 1, kind: 'end' };
  return { lines: last.seq, trouble };
}

async function sealOf(entry: unknown): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonical(entry)));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** JSON with the fields of every record in the order of their names, as the seal was made (lambdas/domain/chain.ts). */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}

type State = { entries: JournalEntry[]; loading: boolean; trouble: string | null; missing: boolean };

/** Newest lines first; `more` reads the part before them, `again` the newest anew. */
export function useJournal(sourceId: string | null) {
  const [state, setState] = useState<State>({ entries: [], loading: true, trouble: null, missing: false });
  const [before, setBefore] = useState<{ seq: number | null; round: number }>({ seq: null, round: 0 });
  useEffect(() => {
    if (sourceId === null) return;
    let left = false;
    async function readPart(source: string): Promise<JournalEntry[]> {
      const end = before.seq ?? ((await headOf(source))?.seq ?? 0) + 1;
      if (end <= 1) return [];
      const { text } = await readLines(path(source, { cursor: `${Math.max(1, end - atOnce)}|${source}` }));
      return entriesOf(text)
        .filter(({ seq }) => before.seq === null || seq < before.seq)
        .toReversed();
    }
    setState((now) => ({ ...now, loading: true }));
    readPart(sourceId).then(
      (found) => {
        if (left) return;
        const kept = (now: State) => (before.seq === null ? [] : now.entries);
        setState((now) => ({ entries: [...kept(now), ...found], loading: false, trouble: null, missing: false }));
      },
      (error) => {
        if (left) return;
        const missing = error instanceof Refused && error.status === 404;
        setState((now) => ({ ...now, loading: false, trouble: messageOf(error), missing }));
      },
    );
    return () => {
      left = true;
    };
  }, [sourceId, before]);
  const oldest = state.entries.at(-1)?.seq ?? 0;
  return {
    ...state,
    hasMore: oldest > 1,
    more: useCallback(() => setBefore(({ round }) => ({ seq: oldest, round: round + 1 })), [oldest]),
    again: useCallback(() => setBefore(({ round }) => ({ seq: null, round: round + 1 })), []),
  };
}
