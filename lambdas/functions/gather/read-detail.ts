/** Reads the full record of a device when its row is not enough. */

import type { ListedRow } from '#adapters/traveler/contract';
import { fullRecord, type RecordReading } from '#adapters/traveler/full-record';
import type { Need } from '#domain/gather/detail-policy';
import type { Look } from '#domain/gather/observe-device';
import type { RowFingerprint } from '#domain/gather/row-fingerprint';

export type Work = {
  row: ListedRow;
  hash: string;
  index: number;
  print: RowFingerprint;
  need: Exclude<Need, 'nothing'>;
  rollUp: boolean;
};

/** `gone`: listed just before, and no longer there. `unread`: this record cannot be read; the next gather retries it. */
export type DetailRead = { work: Work; look: Look; unread: boolean } | { work: Work; look: 'gone' };

/** Throws TravelerFailure when the source as a whole cannot be read. */
export async function readDetail(work: Work, { now, ...reading }: RecordReading & { now: () => number }): Promise<DetailRead> {
  const { row, rollUp } = work;
  const askedAt = row.detailAt ?? now();
  if (row.detail !== null) return { work, look: { row, full: { detail: row.detail, askedAt }, rollUp }, unread: false };
  // The relay retries it; until then its row is all we have.
  if (row.detailAt === null) return { work, look: { row, full: null, unread: true, rollUp }, unread: false };
  if (work.need === 'row') return { work, look: { row, full: null, rollUp }, unread: false };
  const detail = await fullRecord(row, reading);
  if (detail === 'gone') return { work, look: 'gone' };
  if (detail === 'unread') return { work, look: { row, full: null, unread: true, rollUp }, unread: true };
  return { work, look: { row, full: { detail, askedAt }, rollUp }, unread: false };
}
