/**
 * The fallback, every minute: finds open actions without a queued message. Those past their deadline that were not sent expire
 * here, with their journal line; the others are queued again, and reading the device shows what became of them. Sent first,
 * recorded second: a crash in between sends twice, and loses none.
 */
import pMap from 'p-map';
import { actionOutgoing } from '#adapters/action-queue';
import type { Ledger, LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { DevicesForActions } from '#adapters/dynamodb/devices/action-devices';
import type { Queue } from '#adapters/queues';
import { stepsThrough } from '#domain/actions/apply-events';
import { deadlinePassed } from '#domain/actions/expiry';
import { isRefused, nextOf } from '#domain/actions/transitions';
import { type EndDependencies, endAction } from '#use-cases/actions/end-action';

export type ReapDependencies = Omit<EndDependencies, 'ledger' | 'devices'> & {
  ledger: Pick<Ledger, 'due' | 'advance' | 'end' | 'openOf'>;
  devices: Pick<DevicesForActions, 'read' | 'applyOutcome'>;
  actions: Queue;
  /** Every source that is or ever was configured: actions of a source that was removed expire too. */
  sources(): Promise<readonly string[]>;
};
export type Reaped = { expired: number; sent: number };

/** How long an action may be overdue before it is queued again: its own message may be about to arrive. */
const graceMs = 30_000;
const atOnce = 8;

/** `remaining`: ms that this invocation has left; the next one continues with the rest. */
export function reap(deps: ReapDependencies) {
  return async ({ remaining }: { remaining: () => number }): Promise<Reaped> => {
    const reaped: Reaped = { expired: 0, sent: 0 };
    for (const sourceId of await deps.sources()) await reapSource(deps, sourceId, { reaped, remaining });
    return reaped;
  };
}

const reserveMs = 10_000;

async function reapSource(
  deps: ReapDependencies,
  sourceId: string,
  { reaped, remaining }: { reaped: Reaped; remaining: () => number },
): Promise<void> {
  const before = deps.now() - graceMs;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Ledger['due']>> = await deps.ledger.due(sourceId, before, cursor === null ? {} : { cursor });
    const late = page.items.filter((action) => isExpired(action, deps.now()));
    const due = page.items.filter((action) => !late.includes(action));
    await pMap(late, (action) => expire(deps, action), { concurrency: atOnce });
    if (due.length > 0) await deps.actions.send(due.map(actionOutgoing));
    await pMap(due, (action) => deps.ledger.advance(action, { steps: [], pushedAt: deps.now() }), { concurrency: atOnce });
    reaped.expired += late.length;
    reaped.sent += due.length;
    cursor = page.cursor;
  } while (cursor !== null && remaining() > reserveMs);
}

const isExpired = (action: LedgerAction, now: number): boolean =>
  action.claim === null && now >= action.expiresAt && !isRefused(nextOf(action, 'expire'));

/** When another worker changes the action meanwhile, that worker ends it. */
async function expire(deps: ReapDependencies, action: LedgerAction): Promise<void> {
  const [device, open] = await Promise.all([deps.devices.read(action), deps.ledger.openOf(action, { except: action.actionId })]);
  const steps = stepsThrough(action, [{ event: 'expire', at: deps.now(), note: deadlinePassed(action) }]);
  await endAction(deps, action, { steps, device, open });
}
