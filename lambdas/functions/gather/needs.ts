/** Which rows of the list need work: nothing, storing what the row says, or reading the full record first. */
import type { ListedDevice } from '#domain/device';
import type { Print } from '#domain/gather-prints';
import { hour, isDue } from '#domain/gather-schedule';
import type { Gathering } from './dependencies.ts';

export type Need = 'nothing' | 'row' | 'detail';
export type Work = { row: ListedDevice; hash: string; index: number; print: Print; need: 'row' | 'detail'; rollUp: boolean };

export type NeedContext = Pick<Gathering, 'manifest' | 'everyDetail' | 'continued' | 'startedAt'> & {
  since: number | null;
  detailRefreshHours: number;
  lastSyncEveryHours: number;
  moving: ReadonlySet<string>;
};

/** Is the full record of a known device owed by this run, whatever its row says? */
export function owesDetail(hash: string, context: NeedContext): boolean {
  if (context.continued) return false;
  if (context.everyDetail || context.moving.has(hash)) return true;
  return isDue(hash, { since: context.since, now: context.startedAt, period: context.detailRefreshHours * hour });
}

export function needOf(row: ListedDevice, seen: { hash: string; index: number; print: Print }, context: NeedContext): Need {
  const { hash, index, print } = seen;
  const { manifest } = context;
  if (index < 0 || manifest.isStale(index) || !manifest.identifies(index, print)) return 'detail';
  // A list that carries the full record has told everything: what it says is in the print.
  if (row.detail === null ? owesDetail(hash, context) : context.everyDetail && !context.continued) return 'detail';
  return manifest.describes(index, print) && !owesRollUp(row, hash, context) ? 'nothing' : 'row';
}

/** Its turn to have its last sync stored has come, and it did sync since. A continuation leaves that to the next turn. */
export function owesRollUp(row: ListedDevice, hash: string, context: NeedContext): boolean {
  const { since, startedAt, lastSyncEveryHours } = context;
  const period = lastSyncEveryHours * hour;
  if (context.continued) return false;
  if (row.lastSync === null || row.lastSync < Math.min(startedAt - period, since ?? startedAt)) return false;
  return isDue(hash, { since, now: startedAt, period });
}
