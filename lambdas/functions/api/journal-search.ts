/**
 * Searches the journal in either direction, a bounded number of lines per request: the chain has no index, so that nothing can
 * disagree with the chain.
 */
import type { JournalReader } from '#adapters/dynamodb/journal/journal-reader';
import type { ChainEntry } from '#domain/journal/hash-chain';

/** `seq` null: the newest line of the source. */
export type Place = { sourceId: string; seq: number | null };
type Filter = {
  device?: string | undefined;
  kind?: string | undefined;
  q?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
};
export type JournalSearch = {
  sources: readonly string[];
  newestFirst: boolean;
  limit: number;
  wanted: ((entry: ChainEntry) => boolean) | null;
  since: number | null;
  until: number | null;
};
type Reader = Pick<JournalReader, 'readChain' | 'readChainBack' | 'head'>;
export type Found = { entries: ChainEntry[]; next: Place | null; read: number };

const readAtOnce = 500;
const mostReads = 8;
/** A line may be written up to this long after its time, ms (a relay was away, a queue was long). */
const lateMs = 86_400_000;

/** `wanted` null: every line. */
export function wantedOf({ device, kind, q, from, to }: Filter): Pick<JournalSearch, 'wanted' | 'since' | 'until'> {
  const [since, until] = [from, to].map((time) => (time === undefined ? null : Date.parse(time)));
  const words = comparable(q ?? '')
    .split(/\s+/)
    .filter((word) => word !== '');
  const times = { since: since ?? null, until: until ?? null };
  if (device === undefined && kind === undefined && words.length === 0 && from === undefined && to === undefined)
    return { wanted: null, ...times };
  return {
    ...times,
    wanted({ line }) {
      if (line.at < (times.since ?? Number.NEGATIVE_INFINITY) || line.at > (times.until ?? Number.POSITIVE_INFINITY))
        return false;
      if (kind !== undefined && line.kind !== kind) return false;
      if (device !== undefined && `${line.sourceId}/${line.user}/${line.deviceId}` !== device) return false;
      if (words.length === 0) return true;
      const text = comparable(`${line.says}\n${line.user ?? ''}\n${line.deviceId ?? ''}`);
      return words.every((word) => text.includes(word));
    },
  };
}
const comparable = (text: string): string => text.normalize('NFC').toLowerCase();

export function beginning([first]: readonly string[]): Place | null {
  return first === undefined ? null : { sourceId: first, seq: null };
}

/** Where to begin: lines written long after `until` are skipped, by binary search. */
export async function startOf(
  journal: Reader,
  { newestFirst, until }: JournalSearch,
  place: Place | null,
): Promise<Place | null> {
  if (place === null || place.seq !== null || !newestFirst || until === null) return place;
  let [low, high] = [1, (await journal.head(place.sourceId)).seq];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [entry] = (await journal.readChain(place.sourceId, { fromSeq: middle, limit: 1 })).entries;
    if (entry === undefined || entry.line.at > until + lateMs) high = middle;
    else low = middle + 1;
  }
  return { ...place, seq: Math.max(1, high) };
}

/** Entries up to a limit, and where to continue; null at the end of the last source. `read`: lines read. */
export async function searchJournal(journal: Reader, search: JournalSearch, start: Place | null): Promise<Found> {
  const { newestFirst, limit, wanted } = search;
  const entries: ChainEntry[] = [];
  let [at, read] = [start, 0];
  for (let reads = 0; at !== null && reads < mostReads && entries.length < limit; reads++) {
    const { sourceId, seq }: Place = at;
    const most = wanted === null ? limit - entries.length : readAtOnce;
    const page = newestFirst
      ? await journal.readChainBack(sourceId, { limit: most, ...(seq === null ? {} : { fromSeq: seq }) })
      : await journal.readChain(sourceId, { limit: most, fromSeq: seq ?? 1 });
    const found = page.entries.filter((entry) => wanted?.(entry) ?? true).slice(0, limit - entries.length);
    entries.push(...found);
    const last = found.at(-1);
    const isFull = entries.length === limit && last !== undefined && last !== page.entries.at(-1);
    read += isFull ? page.entries.indexOf(last) + 1 : page.entries.length;
    if (isFull) at = { sourceId, seq: newestFirst ? last.seq - 1 : last.seq + 1 };
    else if (page.nextSeq === null || isOver(page.entries, search)) at = following(sourceId, search.sources);
    else at = { sourceId, seq: page.nextSeq };
  }
  return { entries, next: at, read };
}

/** Whether reading backwards has passed `since`: all of a long page is older. */
function isOver(entries: readonly ChainEntry[], { newestFirst, since }: JournalSearch): boolean {
  if (!newestFirst || since === null || entries.length < readAtOnce) return false;
  return entries.every(({ line }) => line.at < since - lateMs);
}

function following(sourceId: string, sources: readonly string[]): Place | null {
  return beginning(sources.slice(sources.indexOf(sourceId) + 1));
}
