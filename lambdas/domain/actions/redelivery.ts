/** Whether the open action of a device has to be sent again: its message may have been lost with the process that held it. */

import type { Action } from '#domain/actions/action';
import { isWipe } from '#domain/actions/action-types';
import { clockTolerance } from '#domain/actions/retry';
import { isFinal } from '#domain/actions/transitions';
import { setUpAnew } from '#domain/actions/wipe';
import type { Device } from '#domain/devices/device';

/**
 * - `send`: it is due: not queued yet as far as the ledger knows, its wait is over, or the worker that held it is gone.
 * - `forget`: it has ended, and the device record still names it as open.
 * - `leave`: a worker holds it, or its time has not come.
 */
export type Redelivery = 'send' | 'forget' | 'leave';

/** `device`: as currently stored; null for an unknown device. */
export function redeliveryOf(action: Action | undefined, now: number, device: Device | null = null): Redelivery {
  if (action === undefined || isFinal(action.state)) return 'forget';
  if (action.claim !== null) return action.claim.until <= now ? 'send' : 'leave';
  if (device !== null && isInFlight(action) && hasMoved(action, device)) return 'send';
  return action.notBefore !== null && action.notBefore > now + clockTolerance ? 'leave' : 'send';
}

/** A wipe that the server accepted: it is read again when a gather finds its device changed. */
export const isInFlight = ({ type, state }: Pick<Action, 'type' | 'state'>): boolean =>
  isWipe({ type }) && (state === 'applied' || state === 'delivered');

/** The wipe has progressed on the phone, or the phone may be another one by now. */
function hasMoved(wipe: Action, device: Device): boolean {
  if (device.registeredAt !== wipe.registeredAt || setUpAnew(wipe, device) !== null) return true;
  return device.detail !== null && device.detail.wipe !== wipe.after?.wipe;
}
