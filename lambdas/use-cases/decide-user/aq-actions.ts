/** The actions that Auto-Quarantine requests, with ids derived from their cause. */
import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import { fingerprint } from '#adapters/fingerprint';
import { type Action, justRequested } from '#domain/actions/action';
import type { Device } from '#domain/devices/device';
import { aqActionCause, mayBeRequestedAgain } from '#domain/quarantine/aq-action-cause';
import type { PlannedAction } from '#domain/quarantine/plan-actions';
import { firstFreeTurn } from './repeated-cause.ts';

const deadlineMs = 168 * 3_600_000;

export function aqAction(
  device: Device,
  planned: PlannedAction,
  { now, again, bulk }: { now: number; again: number; bulk?: true | undefined },
): Action {
  const { sourceId, user, deviceId, registeredAt } = device;
  const { type, purpose, rule, reason } = planned;
  return {
    sourceId,
    user,
    deviceId,
    actionId: `aq-${fingerprint(aqActionCause(device, planned, { again }))}`,
    type,
    requestedAt: now,
    requestedBy: { kind: 'aq', name: 'Auto-Quarantine' },
    reason,
    bulk,
    purpose,
    rule,
    registeredAt,
    expiresAt: now + deadlineMs,
    ...justRequested,
    history: [{ state: 'requested', at: now, note: `Rule ${rule}: ${reason}` }],
  };
}

/**
 * The action to request, or null when one with this cause was carried out, has failed, or is still open. Without `look` the
 * ledger is not read: recording the action then finds out whether it exists.
 */
export async function newAction(
  deps: { ledger: Pick<Ledger, 'read'> },
  device: Device,
  { planned, now, look, bulk }: { planned: PlannedAction; now: number; look: boolean; bulk?: true | undefined },
): Promise<Action | null> {
  const numbered = (again: number) => aqAction(device, planned, { now, again, bulk });
  if (!look) return numbered(0);
  let isRefused = false;
  const again = await firstFreeTurn(async (turn) => {
    const known = await deps.ledger.read(numbered(turn).actionId);
    if (known && !mayBeRequestedAgain(known)) isRefused = true;
    return known !== null && !isRefused;
  }, `An action of Auto-Quarantine at ${device.sourceId}`);
  return isRefused ? null : numbered(again);
}
