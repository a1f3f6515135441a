/**
 * The kinds of sources and what the domain knows of each. Add a new kind here: every map over `SourceKind` (its configuration,
 * how it is gathered, how actions reach it, its secret, its concurrency) stops compiling until it has an entry.
 */
import { z } from 'zod';

export const sourceKind = z.enum(['smartcloud', 'traveler']);
export type SourceKind = z.infer<typeof sourceKind>;

/** Who talks to the server: `direct`, the functions themselves; `relay`, a relay process near it. */
const reaches: Record<SourceKind, 'direct' | 'relay'> = {
  smartcloud: 'direct',
  traveler: 'relay',
};

/** Whether a relay reads the source and acts on it. */
export const isRelayed = ({ kind }: { kind: SourceKind }): boolean => reaches[kind] === 'relay';

/** One function per kind of source, called with a source of that kind. */
export type BySourceKind<S extends { kind: SourceKind }, R> = { [K in SourceKind]: (source: Extract<S, { kind: K }>) => R };

/** The result of the function for the kind of `source`. */
export function bySourceKind<S extends { kind: SourceKind }, R>(source: S, parts: BySourceKind<S, R>): R {
  // The compiler cannot infer that the kind selects the function of the same kind.
  const part = parts[source.kind] as (of: S) => R;
  return part(source);
}
