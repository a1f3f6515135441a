/** The open actions that devices show: those due are sent (again), those that no longer fit the verdict are cancelled. */
import { actionOutgoing } from '#adapters/action-queue';
import type { LedgerAction } from '#adapters/dynamodb/ledger';
import type { Outgoing } from '#adapters/queues';
import { endingLine } from '#domain/action-account';
import type { Device } from '#domain/device';
import { pushOf } from '#domain/revival';
import { stepsThrough } from '#domain/steps';
import { isRefused, nextOf } from '#domain/transitions';
import type { EvaluateDependencies } from './dependencies.ts';

/**
 * By action id: what is open at the devices that show an action. A device shows one; others may wait behind it (a removal behind
 * a wipe). Reads nothing when no device shows any.
 */
export async function readOpenActions(
  { ledger }: Pick<EvaluateDependencies, 'ledger'>,
  devices: readonly Device[],
): Promise<Map<string, LedgerAction>> {
  const shown = devices.filter(({ openAction }) => openAction !== null);
  if (shown.length === 0) return new Map();
  const [found, behind] = await Promise.all([
    ledger.readMany(shown.flatMap(({ openAction }) => (openAction ? [openAction.actionId] : []))),
    Promise.all(shown.map((device) => ledger.openOf(device))),
  ]);
  return new Map([...behind.flat(), ...found].map((action) => [action.actionId, action]));
}

/** What a device shows as open from now on: an action that has ended is no longer shown. */
export function stillOpen(
  { openAction }: Device,
  { open, now }: { open: Map<string, LedgerAction>; now: number },
): Device['openAction'] {
  return openAction && pushOf(open.get(openAction.actionId), now) !== 'forget' ? openAction : null;
}

/** Messages for the actions that are due. A wipe on its way is due when its device shows something else than it saw last. */
export function due(open: Iterable<LedgerAction>, { now, devices }: { now: number; devices: readonly Device[] }): Outgoing[] {
  const stored = new Map(devices.map((device) => [device.deviceId, device]));
  return [...open].filter((action) => pushOf(action, now, stored.get(action.deviceId) ?? null) === 'send').map(actionOutgoing);
}

/** `gone-out`: it cannot be called back; what it did is seen when it is read back. `overtaken`: somebody else wrote it just now. */
export async function cancel(
  { ledger }: Pick<EvaluateDependencies, 'ledger'>,
  action: LedgerAction,
  { why, now }: { why: string; now: number },
): Promise<'cancelled' | 'gone-out' | 'overtaken'> {
  if (action.requestedBy.kind !== 'aq' || isRefused(nextOf(action, 'cancel'))) return 'gone-out';
  const steps = stepsThrough(action, [{ event: 'cancel', at: now, note: why }]);
  const [last] = steps;
  if (!last) return 'gone-out';
  const ended = await ledger.conclude(action, { steps, claim: null, notBefore: null, outcome: why }, (next) =>
    endingLine(next, last),
  );
  return ended ? 'cancelled' : 'overtaken';
}
