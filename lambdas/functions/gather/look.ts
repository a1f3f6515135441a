/** Reads the full record of a device where its row is not enough. */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { TravelerSource } from '#adapters/traveler/source';
import type { Look } from '#domain/gather-observation';
import { canonicalName } from '#domain/names';
import type { Work } from './needs.ts';

/** `gone`: listed a moment ago, and no longer there. `unread`: this one record cannot be read; it is tried again next time. */
export type Looked = { work: Work; look: Look; unread: boolean } | { work: Work; look: 'gone' };

/** Throws TravelerFailure when the source as a whole cannot be read. */
export async function lookAt(work: Work, { traveler, now }: { traveler: TravelerSource; now: () => number }): Promise<Looked> {
  const { row, rollUp } = work;
  const askedAt = now();
  if (row.detail !== null) return { work, look: { row, full: { detail: row.detail, askedAt }, rollUp }, unread: false };
  if (work.need === 'row') return { work, look: { row, full: null, rollUp }, unread: false };
  const found = await traveler.detail(row.href).catch(unlessJustThisOne);
  if (found === 'gone') return { work, look: 'gone' };
  if (found === 'invalid' || canonicalName(found.user) !== canonicalName(row.user) || found.deviceId !== row.deviceId)
    return { work, look: { row, full: null, rollUp }, unread: true };
  return { work, look: { row, full: { detail: found.detail, askedAt }, rollUp }, unread: false };
}

function unlessJustThisOne(error: unknown): 'invalid' {
  if (error instanceof TravelerFailure && error.kind === 'invalid') return 'invalid';
  throw error;
}
