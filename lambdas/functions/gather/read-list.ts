/**
 * Streams the list of a source and yields the rows that need work. It stops when time is short or the source fails; `outcome`
 * then says so, and what was yielded before is still recorded.
 */
import { deviceHash } from '#adapters/fingerprint';
import { TravelerFailure } from '#adapters/traveler/failure';
import { type Need, type NeedContext, needOf, owesRollUp } from '#domain/gather/detail-policy';
import { duplicateRows } from '#domain/gather/duplicate-rows';
import { rowFingerprint } from '#domain/gather/row-fingerprint';
import type { Gathering } from './dependencies.ts';
import type { Work } from './read-detail.ts';
import type { RunCounters } from './run-counters.ts';

export type ListReader = {
  works(): AsyncGenerator<Work>;
  /** By manifest index: 1 when the device is listed. */
  seen: Uint8Array;
  outcome: { state: 'complete' | 'paused'; rejected: number } | { state: 'failed'; failure: TravelerFailure };
};

export function listReader(gathering: Gathering, context: NeedContext, tally: RunCounters): ListReader {
  const { manifest, relayed } = gathering;
  const { seen, isFirst } = duplicateRows(manifest.size);
  let rejected = 0;
  const reader: ListReader = { works, seen, outcome: { state: 'paused', rejected } };
  return reader;

  async function* works(): AsyncGenerator<Work> {
    try {
      for await (const page of gathering.pages()) {
        rejected += page.rejected;
        tally.counts.pages++;
        tally.counts.totalRecords = page.totalRecords;
        for (const row of page.devices) {
          const work = workFor(row);
          if (work === null) continue;
          if (!gathering.mayGoOn()) return;
          yield work;
        }
        tally.noteProgress();
        if (!gathering.mayGoOn()) return;
      }
      if (relayed) applyTotals(relayed);
      reader.outcome = { state: 'complete', rejected };
    } catch (error) {
      if (!(error instanceof TravelerFailure)) throw error;
      reader.outcome = { state: 'failed', failure: error };
    }
  }

  function workFor(row: Work['row']): Work | null {
    const hash = deviceHash(row);
    const index = manifest.find(hash);
    if (!isFirst(hash, index)) return null;
    tally.counts.devices++;
    const print = rowFingerprint(row);
    const need = needed(row, { hash, index, print });
    if (need === 'nothing') return null;
    if (need === 'detail' && row.detail === null) tally.counts.detailsWanted++;
    return { row, hash, index, print, need, rollUp: owesRollUp(row, hash, context) };
  }

  /**
   * A row that a relay sends always needs work, even when it is unchanged: an action may have been undone on the server since.
   * A continuation skips what is already stored.
   */
  function needed(row: Work['row'], at: Parameters<typeof needOf>[1]): Need {
    return relayed && !context.continued ? 'row' : needOf(row, at, context);
  }

  /** The relay read the list, so its counts apply; in a delta, a device that it did not report as removed is still listed. */
  function applyTotals({ scope, totals, removed }: NonNullable<Gathering['relayed']>): void {
    const { devices, pages, details, totalRecords } = totals;
    Object.assign(tally.counts, { devices, pages, details, detailsWanted: details, totalRecords });
    rejected = totals.rejected;
    if (scope === 'full') return;
    for (let index = 0; index < manifest.size; index++)
      if (manifest.missingSince(index) === null && !removed.has(manifest.hashAt(index))) seen[index] = 1;
  }
}
