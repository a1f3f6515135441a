/**
 * The counts of the overview. Counting reads the whole Devices table, so a result is cached for longer the more it cost: a
 * polling console costs almost nothing for a small fleet and a bounded number of scans for a large one.
 */

import type { z } from '@hono/zod-openapi';
import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import type { FleetCounts } from '#adapters/dynamodb/devices/fleet-counts';
import type { overviewView } from './overview-schema.ts';
import { isoTime, viewAction } from './views.ts';

export type OverviewView = z.output<typeof overviewView>;
export type OverviewDependencies = {
  count: (failedSince: number) => Promise<FleetCounts>;
  ledger: Pick<Ledger, 'readMany'>;
  now: () => number;
};

const day = 24 * 3_600_000;

/** How long a result is cached, by the read units that it took: 700 devices for two seconds, 100,000 for five minutes. */
const cachedMs = (units: number) => Math.min(300_000, 2000 + Math.max(0, units - 100) * 30);

export function readOverview({ count, ledger, now }: OverviewDependencies): () => Promise<OverviewView> {
  let last: { view: OverviewView; until: number } | null = null;
  let pending: Promise<OverviewView> | null = null;

  async function read(): Promise<OverviewView> {
    const at = now();
    const { sources, actions, units } = await count(at - day);
    const named = await ledger.readMany([...actions.failing.ids, ...actions.failed.ids]);
    const of = (ids: readonly string[]) => named.filter(({ actionId }) => ids.includes(actionId)).map(viewAction);
    const view = {
      countedAt: isoTime(at),
      sources,
      actions: {
        open: actions.open,
        failing: of(actions.failing.ids),
        failedLately: of(actions.failed.ids),
        failingCount: actions.failing.count,
        failedLatelyCount: actions.failed.count,
      },
    };
    last = { view, until: now() + cachedMs(units) };
    return view;
  }

  return async () => {
    if (last !== null && now() < last.until) return last.view;
    pending ??= read().finally(() => {
      pending = null;
    });
    return pending;
  };
}
