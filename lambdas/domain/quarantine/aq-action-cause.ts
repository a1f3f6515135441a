/**
 * What an action of Auto-Quarantine is named after: its cause. The same device, registration, verdict, rule and state of the
 * server name the same action, so that it is never asked for twice; a device that becomes pending anew names a new one.
 */
import type { Action } from '#domain/actions/action';
import type { Device } from '#domain/devices/device';
import type { PlannedAction } from '#domain/quarantine/plan-actions';

/** `again` counts the times that an action of this cause ended without having been tried to its end (`mayComeAgain`). */
export function aqActionCause(device: Device, planned: PlannedAction, { again }: { again: number }): string {
  const { sourceId, user, deviceId, registeredAt, observedSeq } = device;
  return JSON.stringify([
    sourceId,
    user,
    deviceId,
    registeredAt,
    observedSeq,
    planned.verdict,
    planned.rule,
    planned.type,
    again,
  ]);
}

/**
 * Expired, superseded or cancelled: the cause still stands, so a further action may. One that failed is not repeated, nor one
 * that a person rejected.
 */
export const mayBeRequestedAgain = ({ state, rejectedGuard }: Pick<Action, 'state' | 'rejectedGuard'>): boolean =>
  rejectedGuard === undefined && (state === 'expired' || state === 'superseded' || state === 'cancelled');
