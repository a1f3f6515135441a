/**
 * A source that is read by a relay, as the gather sees it: the list is what the relay sent, including full records, and nothing
 * is requested from the server here. A delta lists only what differs from the manifest.
 */
import type { Relayed, RelayRunStore } from '#adapters/dynamodb/relays/relay-runs';
import type { DevicePage, TravelerSource } from '#adapters/traveler/contract';
import { TravelerFailure } from '#adapters/traveler/failure';

export type CompleteRun = Extract<Relayed, { told: 'whole' }>;
export type RelayedList = Pick<CompleteRun['begin'], 'scope' | 'server'> &
  Pick<CompleteRun['end'], 'totals' | 'digest'> & {
    /** Hashes that the relay reports as no longer listed, from the parts read so far. */
    removed: ReadonlySet<string>;
  };

/** Numbers of the parts that have not arrived, out of `total`. */
export class PartsMissing extends Error {
  readonly parts: readonly number[];
  readonly total: number;
  constructor(parts: readonly number[], total: number) {
    super(`${parts.length} of ${total} parts of a relayed gather have not arrived`);
    this.name = 'PartsMissing';
    this.parts = parts;
    this.total = total;
  }
}

/** `askedAt`: when the relay was asked, epoch ms; a relay of protocol 1 does not say when it read a record, but it was later. */
type Run = Parameters<RelayRunStore['parts']>[0] & { askedAt: number };
export type RelayedSource = {
  list: RelayedList;
  traveler: Pick<TravelerSource, 'pages' | 'serverFacts' | 'requests' | 'detail'>;
};

/** The source of a complete run. Reading its pages throws `PartsMissing` at the end when some parts have not arrived. */
export function relayedSource(runs: Pick<RelayRunStore, 'parts'>, run: Run, { begin, end }: CompleteRun): RelayedSource {
  const removed = new Set<string>();
  let read = false;
  async function* pages(): AsyncGenerator<DevicePage> {
    const arrived = new Set<number>();
    for await (const { part, devices, removed: gone } of runs.parts(run)) {
      if (part >= end.parts) continue;
      arrived.add(part);
      for (const hash of gone) removed.add(hash);
      const rows = devices.map((row) => ({ ...row, detailAt: row.detailAt ?? (row.detail && run.askedAt) }));
      yield { devices: rows, totalRecords: end.totals.totalRecords, rejected: 0, page: part + 1 };
    }
    const missing = Array.from({ length: end.parts }, (_, part) => part).filter((part) => !arrived.has(part));
    if (missing.length > 0) throw new PartsMissing(missing, end.parts);
    read = true;
  }
  return {
    list: { scope: begin.scope, server: begin.server, totals: end.totals, digest: end.digest, removed },
    traveler: {
      pages,
      serverFacts: async () => begin.server,
      get requests() {
        return read ? end.totals.requests : 0;
      },
      detail: async () => {
        throw new Error('Full records of a relayed source come with its list');
      },
    },
  };
}

/** The failure of the source that a relay reports. */
export function relayedFailure({ failure: { problem } }: Extract<Relayed, { told: 'failed' }>): TravelerFailure {
  const { kind, what, where, remedy, retryAfterMs, unreachable } = problem;
  const more = { unreachable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return new TravelerFailure(kind, { what, where: `relay: ${where}`, remedy }, more);
}
