/** Streams the list of the source and yields the rows that may have changed: to be sent as they are, or to be read in full first. */
import { deviceHash } from '#adapters/fingerprint';
import type { ListedDevice } from '#domain/devices/device';
import { type Need, needOf, owesRollUp } from '#domain/gather/detail-policy';
import { duplicateRows } from '#domain/gather/duplicate-rows';
import { type RowFingerprint, rowFingerprint } from '#domain/gather/row-fingerprint';
import type { RelayedDevice } from '#domain/relay/relay-protocol';
import type { Comparison, GatherState } from './gather-state.ts';
import { sendable } from './rows.ts';

export type ChangedRow = {
  /** `detailAt` is null if the list has no full record. */
  row: RelayedDevice;
  hash: string;
  /** Index of its entry in the manifest, or -1. */
  index: number;
  print: RowFingerprint;
  need: Exclude<Need, 'nothing'>;
  /** Send it even if it did not change. */
  always: boolean;
};

export type ChangedRows = {
  rows(): AsyncGenerator<ChangedRow>;
  /** By manifest index: 1 if the device was found in what has been read so far. */
  seen: Uint8Array;
};

export function changedRows(state: GatherState, context: Comparison): ChangedRows {
  const { source, log, signal, run, counts, countsChanged, cloudNow } = state;
  const { manifest, alwaysRead } = context;
  const { seen, isFirst } = duplicateRows(manifest.size);

  async function* rows(): AsyncGenerator<ChangedRow> {
    // The next page is requested while the current one is processed: at the earliest when the current one was requested.
    let [requestedAt, before] = [cloudNow(), cloudNow()];
    for await (const page of source.pages()) {
      signal.throwIfAborted();
      counts.pages++;
      counts.rejected += page.rejected;
      counts.totalRecords = page.totalRecords;
      for (const listed of page.devices) {
        const changed = changedRow(listed, before);
        if (changed !== null) yield changed;
      }
      [before, requestedAt] = [requestedAt, cloudNow()];
      countsChanged();
    }
  }

  function changedRow(listed: ListedDevice, requestedAt: number): ChangedRow | null {
    const hash = deviceHash(listed);
    const index = manifest.find(hash);
    if (!isFirst(hash, index)) return null;
    const row = sendable(listed, listed.detail === null ? null : requestedAt);
    if (row === null) {
      counts.rejected++;
      log('warn', 'The list has a record that is too long to be sent; it is left out', { runId: run.runId });
      return null;
    }
    counts.devices++;
    const print = rowFingerprint(row);
    const always = alwaysRead.has(hash) || owesRollUp(row, hash, context);
    const need = alwaysRead.has(hash) ? 'detail' : needOf(row, { hash, index, print }, context);
    if (need === 'nothing') return null;
    if (need === 'detail' && row.detail === null) counts.detailsWanted++;
    return { row, hash, index, print, need, always };
  }

  return { rows, seen };
}
