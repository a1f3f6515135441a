/** The open actions that devices show: due ones are sent (again), those that no longer fit the verdict are cancelled. */
import { actionOutgoing } from '#adapters/action-queue';
import type { LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { Outgoing } from '#adapters/queues';
import { denialInFlight } from '#domain/actions/own-block';
import { redeliveryOf } from '#domain/actions/redelivery';
import { isFinal, isRefused, nextOf } from '#domain/actions/transitions';
import type { Denial, Device } from '#domain/devices/device';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { cancelAction } from '#use-cases/actions/cancel-action';
import type { EvaluateDependencies } from './dependencies.ts';

/**
 * The open actions, by id, of the devices that show an action. A device shows one; others may wait behind it (a removal behind a
 * wipe). Reads nothing when no device shows an action.
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

/** Adds our blocks in progress: a device that is denied meanwhile must not count as denied by somebody else. */
export function withDenialsInFlight(input: DecideInput, open: Iterable<LedgerAction>): DecideInput {
  const denials = new Map<string, Denial>();
  for (const action of open) {
    const denial = denialInFlight(action);
    if (denial) denials.set(action.deviceId, denial);
  }
  if (denials.size === 0) return input;
  const devices = input.devices.map((device) => ({ ...device, denial: device.denial ?? denials.get(device.deviceId) ?? null }));
  return { ...input, devices };
}

/**
 * What a device shows as its open action from now on: instead of an ended action, the oldest one that waited behind it. Only the
 * reaper would find an action that no device shows.
 */
export function stillOpen(
  { deviceId, openAction }: Device,
  { open, now }: { open: Map<string, LedgerAction>; now: number },
): Device['openAction'] {
  if (openAction === null || redeliveryOf(open.get(openAction.actionId), now) !== 'forget') return openAction;
  const [next] = [...open.values()]
    .filter((action) => action.deviceId === deviceId && !isFinal(action.state))
    .sort((one, other) => one.requestedAt - other.requestedAt);
  return next ? { actionId: next.actionId, type: next.type, state: next.state } : null;
}

/** Messages for the actions that are due. A wipe in progress is due when its device shows something else than it read last. */
export function due(open: Iterable<LedgerAction>, { now, devices }: { now: number; devices: readonly Device[] }): Outgoing[] {
  const stored = new Map(devices.map((device) => [device.deviceId, device]));
  return [...open]
    .filter((action) => redeliveryOf(action, now, stored.get(action.deviceId) ?? null) === 'send')
    .map(actionOutgoing);
}

/**
 * `gone-out`: already sent, so it cannot be cancelled; reading back shows its effect. `overtaken`: another writer just changed
 * it.
 */
export async function cancel(
  { ledger }: Pick<EvaluateDependencies, 'ledger'>,
  action: LedgerAction,
  { why, now }: { why: string; now: number },
): Promise<'cancelled' | 'gone-out' | 'overtaken'> {
  if (action.requestedBy.kind !== 'aq' || isRefused(nextOf(action, 'cancel'))) return 'gone-out';
  return (await cancelAction(ledger, action, { why, now })) ? 'cancelled' : 'overtaken';
}
