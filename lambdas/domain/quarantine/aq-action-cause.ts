/**
 * The cause of an Auto-Quarantine action, from which its id derives. The same device, registration, verdict, rule and server
 * state give the same id, so that it is never requested twice; a device that becomes pending again gives a new one.
 */
import type { Action } from '#domain/actions/action';
import type { Device } from '#domain/devices/device';
import type { PlannedAction } from '#domain/quarantine/plan-actions';

/** `again`: how many earlier actions with this cause ended without being carried out (`mayBeRequestedAgain`). */
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
 * An action that expired, was superseded or was cancelled may be requested again while its cause remains. One that failed is not
 * repeated, nor one that a person rejected.
 */
export const mayBeRequestedAgain = ({ state, rejectedGuard }: Pick<Action, 'state' | 'rejectedGuard'>): boolean =>
  rejectedGuard === undefined && (state === 'expired' || state === 'superseded' || state === 'cancelled');
