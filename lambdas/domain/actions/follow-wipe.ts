/**
 * A wipe that the server accepted stays open (applied, then delivered) until the server shows that it was carried out. Each
 * gather reads such a device, and a change resumes the wipe here. Every other action ends once the server shows its effect.
 */

import type { Shown } from '#domain/actions/action';
import { isWipe } from '#domain/actions/action-types';
import type { AttemptOnDevice, Decision, Moment } from '#domain/actions/attempt';
import { type EventWithNote, end, follow, stateOf } from '#domain/actions/attempt-steps';
import type { Progress } from '#domain/actions/wanted-effects';

type Proceeding = { progress: Progress; shown: Shown; events: readonly EventWithNote[] };

/** The server shows it: the action ends, or a wipe moves on. `events`: what happened before. */
export function proceed(attempt: AttemptOnDevice, { progress, shown, events }: Proceeding, { now }: Moment): Decision {
  if (!isWipe(attempt.action))
    return end(attempt, [...events, ['confirm', 'Read back: the device shows it.']], { after: shown, now });
  const isKnown = progress === 'pending' || stateOf(attempt) === 'delivered';
  const soFar: EventWithNote[] = [...events, ...(isKnown ? [] : [['deliver', 'The phone has fetched the wipe.'] as const])];
  if (progress === 'done')
    return end(attempt, [...soFar, ['wipe', 'The server shows when the phone was wiped.']], { after: shown, now });
  if (now >= attempt.action.expiresAt) return end(attempt, [...soFar, ['fail', notInTime(progress)]], { after: shown, now });
  return follow(attempt, soFar, { shown, now });
}

const notInTime = (progress: Progress): string =>
  progress === 'fetched'
    ? 'The phone fetched the wipe, and the server has not shown that it was carried out before the deadline; look at the phone, or at the Traveler administration.'
    : 'The phone did not fetch the wipe before the deadline; the request still stands on the server and takes effect if the phone syncs again: leave it, or take it back with cancel-wipe.';

/** Why a wipe that was pending is no longer shown; null when it never was. */
export function wipeNoLongerShown(attempt: AttemptOnDevice): string | null {
  const { type, after } = attempt.action;
  const isDelivered = stateOf(attempt) === 'delivered';
  if (!isWipe({ type }) || (after?.wipe !== 'requested' && !isDelivered)) return null;
  return isDelivered
    ? 'The phone fetched the wipe, and the server no longer shows it; look at the phone, and ask again if it was not wiped.'
    : 'Somebody took the wipe back on the Traveler server before the phone fetched it; ask again if it is still wanted.';
}
