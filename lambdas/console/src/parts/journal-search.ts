/**
 * Looks through the whole journal of a source, newest first, a bounded part with each request: goes on by itself until there
 * is something to look at, and rests then, or after very many lines, or when the reader says so.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { messageOf, Refused, readLines } from '../api.ts';
import { entriesOf, headOf, type JournalEntry } from './journal.ts';
import { type JournalFilter, journalQuery } from './journal-filter.ts';

/** Lines of one page, and how many are enough to look at before the reader asks for more. */
const [pageSize, enough] = [100, 50];
/** A search that finds little asks the reader before it goes on beyond so many lines: each of them is read, and paid for. */
const mostUnasked = 50_000;

export type JournalSearch = {
  entries: readonly JournalEntry[];
  /** How many lines were looked at, of how many. */
  read: number;
  all: number;
  state: 'looking' | 'resting' | 'ended' | 'failed';
  trouble: string;
  missing: boolean;
};
const begun: JournalSearch = { entries: [], read: 0, all: 0, state: 'looking', trouble: '', missing: false };

export function useJournalSearch(sourceId: string | null, { q, kind, device, last, from, to }: JournalFilter) {
  const [search, setSearch] = useState(begun);
  const running = useRef<AbortController | null>(null);
  const place = useRef<{ cursor: string | null; query: Record<string, string> }>({ cursor: '', query: {} });

  const lookOn = useCallback(async (source: string) => {
    running.current?.abort();
    const run = new AbortController();
    running.current = run;
    const { signal } = run;
    const update = (change: (now: JournalSearch) => Partial<JournalSearch>) => {
      if (!signal.aborted) setSearch((now) => ({ ...now, ...change(now) }));
    };
    update(() => ({ state: 'looking', trouble: '' }));
    try {
      if (place.current.cursor === '') {
        const head = await headOf(source);
        update(() => ({ all: head?.seq ?? 0 }));
      }
      for (let found = 0, read = 0; place.current.cursor !== null && found < enough && read < mostUnasked; ) {
        const { cursor, query } = place.current;
        const asked = { source, order: 'newest', limit: String(pageSize), ...query, ...(cursor ? { cursor } : {}) };
        const page = await readLines(`/journal?${new URLSearchParams(asked)}`, signal);
        if (signal.aborted) return;
        const entries = entriesOf(page.text);
        place.current = { query, cursor: page.next };
        update((now) => ({ entries: [...now.entries, ...entries], read: now.read + page.read }));
        found += entries.length;
        read += page.read;
      }
      update(() => ({ state: place.current.cursor === null ? 'ended' : 'resting' }));
    } catch (error) {
      const missing = error instanceof Refused && error.status === 404;
      update(() => ({ state: 'failed', trouble: messageOf(error), missing }));
    }
  }, []);

  const again = useCallback(() => {
    if (sourceId === null) return;
    place.current = { cursor: '', query: journalQuery({ q, kind, device, last, from, to }, Date.now()) };
    setSearch(begun);
    void lookOn(sourceId);
  }, [sourceId, q, kind, device, last, from, to, lookOn]);

  useEffect(() => {
    again();
    return () => running.current?.abort();
  }, [again]);

  return {
    ...search,
    again,
    goOn: () => void (sourceId !== null && lookOn(sourceId)),
    stop() {
      running.current?.abort();
      setSearch((now) => ({ ...now, state: 'resting' }));
    },
  };
}
