/** Whether the open action that a device shows needs a push: its message may have been lost with the process that held it. */

import type { Action } from '#domain/actions/action';
import { isWipe } from '#domain/actions/action-types';
import { clockTolerance } from '#domain/actions/retry';
import { isFinal } from '#domain/actions/transitions';
import { setUpAnew } from '#domain/actions/wipe';
import type { Device } from '#domain/devices/device';

/**
 * - `send`: it is due: not sent yet as far as the ledger knows, its wait is over, or the worker that held it is gone.
 * - `forget`: it has ended, and the device still shows it.
 * - `leave`: somebody has it, or its time has not come.
 */
export type Redelivery = 'send' | 'forget' | 'leave';

/** `device`: as it is stored by now; null when it is not known. */
export function redeliveryOf(action: Action | undefined, now: number, device: Device | null = null): Redelivery {
  if (action === undefined || isFinal(action.state)) return 'forget';
  if (action.claim !== null) return action.claim.until <= now ? 'send' : 'leave';
  if (device !== null && isInFlight(action) && hasMoved(action, device)) return 'send';
  return action.notBefore !== null && action.notBefore > now + clockTolerance ? 'leave' : 'send';
}

/** A wipe that the server has: it is looked at when a gather saw its device change. */
export const isInFlight = ({ type, state }: Pick<Action, 'type' | 'state'>): boolean =>
  isWipe({ type }) && (state === 'applied' || state === 'delivered');

/** The phone has come further with it, or may be another phone by now. */
function hasMoved(wipe: Action, device: Device): boolean {
  if (device.registeredAt !== wipe.registeredAt || setUpAnew(wipe, device) !== null) return true;
  return device.detail !== null && device.detail.wipe !== wipe.after?.wipe;
}
