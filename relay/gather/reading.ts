/** What one reading of the source carries along from step to step. */
import type { GatherCommand } from '#domain/relay-protocol';
import type { RunStart, Staging, Totals } from '../snapshot/contract.ts';
import type { GatherNeeds } from './ports.ts';

export type Counts = Totals & { detailsWanted: number };

export type Reading = Pick<GatherNeeds, 'source' | 'snapshot' | 'sourceId' | 'concurrency' | 'log'> & {
  command: GatherCommand;
  run: RunStart;
  staging: Staging;
  signal: AbortSignal;
  counts: Counts;
  /** Call as often as the counts change. */
  news(): void;
};

export const noCounts = (): Counts => ({
  ...{ devices: 0, totalRecords: null, rejected: 0, pages: 0, details: 0, detailsWanted: 0, requests: 0 },
});
