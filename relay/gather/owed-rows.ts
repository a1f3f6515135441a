/** Streams the list of the source and yields the rows that are owed something: to be told as they are, or to be read in full first. */
import { deviceHash } from '#adapters/fingerprint';
import type { ListedDevice } from '#domain/device';
import { type Need, type NeedContext, needOf, owesRollUp } from '#domain/gather-needs';
import { type Print, printOf } from '#domain/gather-prints';
import { sightings } from '#domain/gather-sightings';
import type { Manifest } from '#domain/manifest';
import type { Reading } from './reading.ts';
import { sendable } from './rows.ts';

export type OwedRow = {
  row: ListedDevice;
  hash: string;
  /** Of its entry in the manifest, or -1. */
  index: number;
  print: Print;
  need: Exclude<Need, 'nothing'>;
  rollUp: boolean;
};

export type OwedRows = {
  rows(): AsyncGenerator<OwedRow>;
  /** By manifest index: is the device there, by what was read so far? */
  seen: Uint8Array;
};

export function owedRows(reading: Reading, context: NeedContext & { manifest: Manifest }): OwedRows {
  const { source, log, signal, run, counts, news } = reading;
  const { manifest } = context;
  const { seen, isFirst } = sightings(manifest.size);

  async function* rows(): AsyncGenerator<OwedRow> {
    for await (const page of source.pages()) {
      signal.throwIfAborted();
      counts.pages++;
      counts.rejected += page.rejected;
      counts.totalRecords = page.totalRecords;
      for (const listed of page.devices) {
        const owed = owedBy(listed);
        if (owed !== null) yield owed;
      }
      news();
    }
  }

  function owedBy(listed: ListedDevice): OwedRow | null {
    const hash = deviceHash(listed);
    const index = manifest.find(hash);
    if (!isFirst(hash, index)) return null;
    const row = sendable(listed);
    if (row === null) {
      counts.rejected++;
      log('warn', 'The list has a record that is too long to be sent; it is left out', { runId: run.runId });
      return null;
    }
    counts.devices++;
    const print = printOf(row);
    const need = needOf(row, { hash, index, print }, context);
    if (need === 'nothing') return null;
    if (need === 'detail' && row.detail === null) counts.detailsWanted++;
    return { row, hash, index, print, need, rollUp: owesRollUp(row, hash, context) };
  }

  return { rows, seen };
}
