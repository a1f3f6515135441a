/** The actions that Auto-Quarantine asks for, named after their cause. */
import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import { fingerprint } from '#adapters/fingerprint';
import type { Action } from '#domain/actions/action';
import type { Device } from '#domain/devices/device';
import { aqActionCause, mayBeRequestedAgain } from '#domain/quarantine/aq-action-cause';
import type { PlannedAction } from '#domain/quarantine/plan-actions';

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
    state: 'requested',
    attempts: 0,
    notBefore: null,
    claim: null,
    before: null,
    after: null,
    outcome: null,
    history: [{ state: 'requested', at: now, note: `Rule ${rule}: ${reason}` }],
  };
}

/**
 * The action to ask for, or null when one of this cause was carried out, has failed, or is still open. Without `look` the
 * ledger is not asked: recording then finds out whether it is known.
 */
export async function newAction(
  deps: { ledger: Pick<Ledger, 'read'> },
  device: Device,
  { planned, now, look, bulk }: { planned: PlannedAction; now: number; look: boolean; bulk?: true | undefined },
): Promise<Action | null> {
  for (let again = 0; ; again++) {
    const wanted = aqAction(device, planned, { now, again, bulk });
    const known = look && (await deps.ledger.read(wanted.actionId));
    if (!known) return wanted;
    if (!mayBeRequestedAgain(known)) return null;
  }
}
