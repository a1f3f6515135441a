/**
 * Searches the journal of a source, newest first, a bounded part with each request: continues until it has found a screenful,
 * and pauses then, or after very many lines, or when the reader stops it.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { messageOf, Refused, readLines } from '../api.ts';
import { entriesOf, headOf, type JournalEntry } from './journal.ts';
import { type JournalFilter, journalQuery } from './journal-filter.ts';

/** Lines of one page, and how many matches are enough before the reader asks for more. */
const [pageSize, enough] = [100, 50];
/** A search that finds little pauses after this many lines: reading each of them costs money. */
const mostUnattended = 50_000;

export type JournalSearch = {
  entries: readonly JournalEntry[];
  /** How many lines have been read, of `all`. */
  read: number;
  all: number;
  state: 'looking' | 'resting' | 'ended' | 'failed';
  problem: string;
  missing: boolean;
};
const initial: JournalSearch = { entries: [], read: 0, all: 0, state: 'looking', problem: '', missing: false };

export function useJournalSearch(sourceId: string | null, { q, kind, device, last, from, to }: JournalFilter) {
  const [search, setSearch] = useState(initial);
  const running = useRef<AbortController | null>(null);
  const position = useRef<{ cursor: string | null; query: Record<string, string> }>({ cursor: '', query: {} });

  const continueSearch = useCallback(async (source: string) => {
    running.current?.abort();
    const run = new AbortController();
    running.current = run;
    const { signal } = run;
    const update = (change: (now: JournalSearch) => Partial<JournalSearch>) => {
      if (!signal.aborted) setSearch((now) => ({ ...now, ...change(now) }));
    };
    update(() => ({ state: 'looking', problem: '' }));
    try {
      if (position.current.cursor === '') {
        const head = await headOf(source);
        update(() => ({ all: head?.seq ?? 0 }));
      }
      for (let found = 0, read = 0; position.current.cursor !== null && found < enough && read < mostUnattended; ) {
        const { cursor, query } = position.current;
        const asked = { source, order: 'newest', limit: String(pageSize), ...query, ...(cursor ? { cursor } : {}) };
        const page = await readLines(`/journal?${new URLSearchParams(asked)}`, signal);
        if (signal.aborted) return;
        const entries = entriesOf(page.text);
        position.current = { query, cursor: page.next };
        update((now) => ({ entries: [...now.entries, ...entries], read: now.read + page.read }));
        found += entries.length;
        read += page.read;
      }
      update(() => ({ state: position.current.cursor === null ? 'ended' : 'resting' }));
    } catch (error) {
      const missing = error instanceof Refused && error.status === 404;
      update(() => ({ state: 'failed', problem: messageOf(error), missing }));
    }
  }, []);

  const restart = useCallback(() => {
    if (sourceId === null) return;
    position.current = { cursor: '', query: journalQuery({ q, kind, device, last, from, to }, Date.now()) };
    setSearch(initial);
    void continueSearch(sourceId);
  }, [sourceId, q, kind, device, last, from, to, continueSearch]);

  useEffect(() => {
    restart();
    return () => running.current?.abort();
  }, [restart]);

  return {
    ...search,
    restart,
    resume: () => void (sourceId !== null && continueSearch(sourceId)),
    stop() {
      running.current?.abort();
      setSearch((now) => ({ ...now, state: 'resting' }));
    },
  };
}
