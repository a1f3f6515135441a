/** State of one gather of the source, shared by its steps. */

import type { NeedContext } from '#domain/gather/detail-policy';
import type { Manifest } from '#domain/gather/manifest';
import type { GatherCommand } from '#domain/relay/relay-protocol';
import type { RunStart, Staging, Totals } from '../snapshot/contract.ts';
import type { GatherNeeds } from './ports.ts';

export type Counts = Totals & { detailsWanted: number };

export type GatherState = Pick<GatherNeeds, 'source' | 'snapshot' | 'sourceId' | 'concurrency' | 'log'> & {
  command: GatherCommand;
  run: RunStart;
  staging: Staging;
  signal: AbortSignal;
  counts: Counts;
  /** The cloud's clock, epoch ms: the time at which a full record is requested. */
  cloudNow(): number;
  /** Call whenever the counts change. */
  countsChanged(): void;
};

export const noCounts = (): Counts => ({
  ...{ devices: 0, totalRecords: null, rejected: 0, pages: 0, details: 0, detailsWanted: 0, requests: 0 },
});

/** What rows are compared with. */
export type Comparison = NeedContext & {
  manifest: Manifest;
  /** Hashes of devices that are always read and sent: an action may have changed what the cloud has. */
  alwaysRead: ReadonlySet<string>;
};
