/**
 * How many devices have which verdict and state, and which actions are open or failed recently: two scans that keep only
 * counts.
 */
import { z } from 'zod';
import { type ActionState, actionState } from '#domain/actions/action';
import { isFinal } from '#domain/actions/transitions';
import { presence, verdictName } from '#domain/devices/device';
import type { DocumentClient } from '../client.ts';
import { parseUserPk } from '../keys.ts';
import { scanSegments } from '../query-pages.ts';

/** `verdicts` and `states` count devices that are not removed; a device without a verdict counts as `undecided`. */
export type DeviceCounts = { total: number; verdicts: Record<string, number>; states: Record<string, number> };
export type Named = { count: number; ids: string[] };
export type FleetCounts = {
  sources: Record<string, DeviceCounts>;
  /** `failing` and `failed`: how many there are, and the ids of the first of them. */
  actions: { open: Partial<Record<ActionState, number>>; failing: Named; failed: Named };
  /** Read units that DynamoDB reported for it. */
  units: number;
};

const segments = 4;
/** Enough for a page that shows what fails; the ledger has the others. */
const mostNamed = 20;
const deviceRow = z.object({
  pk: z.string(),
  presence,
  verdict: z.object({ verdict: verdictName }).nullable().optional(),
});
const actionRow = z.object({
  actionId: z.string(),
  action: z.object({ state: actionState, attempts: z.number(), requestedAt: z.number() }),
});
type Row = Record<string, unknown>;
type Read = { TableName: string; ProjectionExpression: string; FilterExpression?: string };

export function fleetCounts(client: DocumentClient, tables: { devices: string; actions: string }) {
  /** Returns the read units that it consumed. */
  async function eachRow(read: Read & Row, take: (row: Row) => void): Promise<number> {
    let total = 0;
    await scanSegments(
      client,
      { ...read, ReturnConsumedCapacity: 'TOTAL' },
      {
        segments,
        visit: ({ items, units }) => {
          items.forEach(take);
          total += units;
        },
      },
    );
    return total;
  }

  /** `failedSince`: epoch ms of the request; older failures are left out. Eventually consistent. */
  return async (failedSince: number): Promise<FleetCounts> => {
    const sources: FleetCounts['sources'] = {};
    const actions: FleetCounts['actions'] = { open: {}, failing: { count: 0, ids: [] }, failed: { count: 0, ids: [] } };
    const units = await Promise.all([
      eachRow(
        {
          TableName: tables.devices,
          ProjectionExpression: 'pk, presence, verdict.verdict',
          FilterExpression: 'begins_with(sk, :device) AND presence <> :removed',
          ExpressionAttributeValues: { ':device': 'device|', ':removed': 'removed' },
        },
        (item) => countDevice(sources, deviceRow.parse(item)),
      ),
      eachRow(
        {
          TableName: tables.actions,
          ProjectionExpression: 'actionId, #action.#state, #action.attempts, #action.requestedAt',
          FilterExpression: 'attribute_exists(openKey) OR (#action.#state = :failed AND #action.requestedAt >= :since)',
          ExpressionAttributeNames: { '#action': 'action', '#state': 'state' },
          ExpressionAttributeValues: { ':failed': 'failed', ':since': failedSince },
        },
        (item) => countAction(actions, actionRow.parse(item)),
      ),
    ]);
    return { sources, actions, units: units[0] + units[1] };
  };
}

function countDevice(sources: FleetCounts['sources'], row: z.output<typeof deviceRow>): void {
  const { sourceId } = parseUserPk(row.pk);
  sources[sourceId] ??= { total: 0, verdicts: {}, states: {} };
  const counts = sources[sourceId];
  const verdict = row.verdict?.verdict ?? 'undecided';
  counts.total += 1;
  counts.verdicts[verdict] = (counts.verdicts[verdict] ?? 0) + 1;
  counts.states[row.presence] = (counts.states[row.presence] ?? 0) + 1;
}

/** Failing: attempted more than once, and still open. */
function countAction({ open, failing, failed }: FleetCounts['actions'], { actionId, action }: z.output<typeof actionRow>): void {
  if (isFinal(action.state)) {
    name(failed, actionId);
    return;
  }
  open[action.state] = (open[action.state] ?? 0) + 1;
  if (action.attempts > 1) name(failing, actionId);
}

function name(named: Named, actionId: string): void {
  named.count += 1;
  if (named.ids.length < mostNamed) named.ids.push(actionId);
}
