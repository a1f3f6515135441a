/** Reads the full record of a device where its row is not enough. */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { TravelerSource } from '#adapters/traveler/source';
import type { Look } from '#domain/gather-observation';
import { canonicalName } from '#domain/names';
import type { Work } from './needs.ts';

/** `gone`: listed a moment ago, and no longer there. `unread`: this one record cannot be read; it is tried again next time. */
export type Looked = { work: Work; look: Look; unread: boolean } | { work: Work; look: 'gone' };

/**
 * Throws TravelerFailure when the source as a whole cannot be read. `spare` says, of a failure that may be of this one record
 * or of the source, whether the gather can do without the record for now.
 */
export async function lookAt(
  work: Work,
  { traveler, now, spare }: { traveler: TravelerSource; now: () => number; spare: (failure: TravelerFailure) => boolean },
): Promise<Looked> {
  const { row, rollUp } = work;
  const askedAt = now();
  if (row.detail !== null) return { work, look: { row, full: { detail: row.detail, askedAt }, rollUp }, unread: false };
  if (work.need === 'row') return { work, look: { row, full: null, rollUp }, unread: false };
  const found = await traveler.detail(row.href).catch((error: unknown) => unlessJustThisOne(error, spare));
  if (found === 'gone') return { work, look: 'gone' };
  if (found === 'invalid' || canonicalName(found.user) !== canonicalName(row.user) || found.deviceId !== row.deviceId)
    return { work, look: { row, full: null, unread: true, rollUp }, unread: true };
  return { work, look: { row, full: { detail: found.detail, askedAt }, rollUp }, unread: false };
}

/** `refused`: its address leads to another server, where the password must not go. */
const ofThisOne = new Set<TravelerFailure['kind']>(['invalid', 'refused']);

function unlessJustThisOne(error: unknown, spare: (failure: TravelerFailure) => boolean): 'invalid' {
  if (error instanceof TravelerFailure && (ofThisOne.has(error.kind) || spare(error))) return 'invalid';
  throw error;
}
