/** Whether the open action that a device shows needs a push: its message may have been lost with the process that held it. */
import type { Action } from '#domain/action';
import type { Wipe } from '#domain/device';
import { slack } from '#domain/retry';
import { isFinal } from '#domain/transitions';

/**
 * - `send`: it is due: not sent yet as far as the ledger knows, its wait is over, or the worker that held it is gone.
 * - `forget`: it has ended, and the device still shows it.
 * - `leave`: somebody has it, or its time has not come.
 */
export type Push = 'send' | 'forget' | 'leave';

/** `wipe`: what the device's record shows of a wipe by now; null when it is not known. */
export function pushOf(action: Action | undefined, now: number, wipe: Wipe | null = null): Push {
  if (action === undefined || isFinal(action.state)) return 'forget';
  if (action.claim !== null) return action.claim.until <= now ? 'send' : 'leave';
  if (isOnItsWay(action) && wipe !== null && wipe !== action.after?.wipe) return 'send';
  return action.notBefore !== null && action.notBefore > now + slack ? 'leave' : 'send';
}

/** A wipe that the server has: it is looked at when a gather saw its device change. */
export const isOnItsWay = ({ type, state }: Pick<Action, 'type' | 'state'>): boolean =>
  type === 'wipe' && (state === 'applied' || state === 'delivered');
