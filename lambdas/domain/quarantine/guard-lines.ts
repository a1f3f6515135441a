/** The journal lines of a guard: that it tripped, and what a person decided. */

import type { TimelineEntry } from '#domain/journal/timeline';
import { figuresInWords, type GuardItem } from '#domain/quarantine/guard';

/** Null for a source where it did not trip. */
export function trippedLine(
  { guardId, cause, at, sources, requestedBy, waitsFor = [] }: GuardItem,
  sourceId: string,
): TimelineEntry | null {
  const figures = sources[sourceId];
  if (!figures?.trips) return null;
  const { affected, percent } = figures;
  const others =
    waitsFor.length === 0 ? '' : ` ${waitsFor.join(', ')} ${waitsFor.length === 1 ? 'was' : 'were'} waiting already.`;
  return {
    at,
    id: `guard-tripped|${guardId}`,
    kind: 'guard-tripped',
    says: `Stopped by the guard: ${cause} would take access from ${figuresInWords(figures)}. It waits for a person.${others}`,
    data: { guardId, cause, affected, percent, requestedBy, ...(waitsFor.length === 0 ? {} : { waitsFor }) },
  };
}

export function decidedLine(guard: GuardItem, sourceId: string): TimelineEntry | null {
  const { guardId, cause, sources, state, decidedBy, decidedAt, outcome } = guard;
  if (!sources[sourceId]?.trips || decidedBy === null || decidedAt === null) return null;
  return {
    at: decidedAt,
    id: `guard-decided|${guardId}`,
    kind: 'guard-decided',
    says: `${decidedBy} ${state} what the guard had stopped (${cause}). ${outcome ?? ''}`.trim(),
    data: { guardId, cause, decision: state, decidedBy, outcome },
  };
}
