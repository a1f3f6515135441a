/** The filter over the journal: in the address, and in requests to the API. Pure. */
import { withQuery } from '../router.ts';

export const spans = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000, month: 30 * 86_400_000 } as const;
export type Span = keyof typeof spans;
const isSpan = (text: string): text is Span => Object.hasOwn(spans, text);

/** `from` and `to` are days (2026-11-26) in the reader's time zone, both included; '' where there is no filter. */
export type JournalFilter = { q: string; kind: string; device: string; last: Span | ''; from: string; to: string };
export const noFilter: JournalFilter = { q: '', kind: '', device: '', last: '', from: '', to: '' };

export function journalFilterOf(query: URLSearchParams): JournalFilter {
  const of = (name: string) => query.get(name) ?? '';
  const day = (name: string) => (/^\d{4}-\d\d-\d\d$/.test(of(name)) ? of(name) : '');
  const last = of('last');
  return {
    ...{ q: of('q'), kind: of('kind'), device: of('device') },
    ...{ last: isSpan(last) ? last : '', from: day('from'), to: day('to') },
  };
}

export const journalAddress = (source: string | null, filter: Partial<JournalFilter>): string =>
  withQuery('/journal', { source: source ?? '', ...filter });

export const isFiltered = (filter: JournalFilter): boolean => Object.values(filter).some((value) => value !== '');
export const hasTime = ({ last, from, to }: JournalFilter): boolean => `${last}${from}${to}` !== '';

/** Query parameters for the API; `now` is when the search began, so that all its pages cover the same time. */
export function journalQuery(filter: JournalFilter, now: number): Record<string, string> {
  const { q, kind, device, last, from, to } = filter;
  const since = last !== '' ? new Date(now - spans[last]) : from !== '' ? new Date(`${from}T00:00:00`) : null;
  const until = to === '' || last !== '' ? null : new Date(`${to}T23:59:59.999`);
  const given = {
    ...{ q: q.trim(), kind, device },
    ...{ from: isoOf(since), to: isoOf(until) },
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
}
/** Empty for a day that does not exist. */
const isoOf = (time: Date | null): string => (time === null || Number.isNaN(time.getTime()) ? '' : time.toISOString());
