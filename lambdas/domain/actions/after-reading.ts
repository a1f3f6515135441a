/**
 * What follows once the device was read. What an earlier attempt left open is settled by reading and never by repeating blindly:
 * found, still on its way, or not there.
 */

import type { ActionState } from '#domain/actions/action';
import { isWipe } from '#domain/actions/action-types';
import { afterFailure } from '#domain/actions/after-failure';
import type { AttemptOnDevice, Decision, Moment, Sight } from '#domain/actions/attempt';
import { end, type Happened, only, stateOf, takesItsPlace, wait } from '#domain/actions/attempt-steps';
import { effectOf } from '#domain/actions/effect-of';
import type { Progress } from '#domain/actions/executor-rules';
import { tooLateToRepeat } from '#domain/actions/expiry';
import type { SourceFailure } from '#domain/actions/failure';
import { proceed, wipeNoLongerShown } from '#domain/actions/follow-wipe';
import { staleWipe, supersedes } from '#domain/actions/readiness';
import { setUpAnew } from '#domain/actions/wipe';
import { moment as instant } from '#domain/time/moment';

/** How long after its attempt a lost wipe may go again, if it did not arrive. Later the phone might be another one. */
export const wipeRetryMs = 15 * 60_000;

/** The first reading of an attempt, or the one after its answer was lost. */
export function settle(attempt: AttemptOnDevice, sight: Sight, moment: Moment): Decision {
  if (isStale(attempt, sight)) return staleByNow(attempt, sight, moment);
  return byState[stateOf(attempt)]?.(attempt, { sight, progress: effectOf(attempt).progress(sight.seen) }, moment) ?? never;
}
const never: Decision = only({ do: 'start-over' });

type Read = { sight: Sight; progress: Progress };
type ByState = (attempt: AttemptOnDevice, read: Read, moment: Moment) => Decision;

const onServer: ByState = (attempt, { sight: { shown }, progress }, moment) =>
  progress === 'undone' ? notThere(attempt, { shown, ...moment }) : proceed(attempt, { progress, shown, events: [] }, moment);

const byState: Partial<Record<ActionState, ByState>> = {
  applied: onServer,
  delivered: onServer,
  unknown: (attempt, { sight: { shown }, progress }, moment) => {
    if (progress !== 'undone') return proceed(attempt, { progress, shown, events: [['apply', found]] }, moment);
    return (
      givesWay(attempt, { shown, events: [['find-undone', 'The effect is not there.']] }, moment) ??
      goAgain(attempt, shown, moment)
    );
  },
  dispatched: (attempt, { sight, progress }, moment) => {
    const { shown } = sight;
    if (progress === 'done')
      return end(attempt, [['already-so', alreadySo(attempt, sight)]], { before: shown, after: shown, ...moment });
    if (progress === 'pending') return proceed(attempt, { progress, shown, events: [['apply', pendingAlready]] }, moment);
    return givesWay(attempt, { shown, events: [] }, moment) ?? toDo(attempt, sight, moment);
  },
};
export const found = 'The effect was found after the answer had been lost.';
const pendingAlready = 'The server has such a wipe pending already; nothing was written.';

/** Null where no wipe is under way that goes first. */
function givesWay(
  attempt: AttemptOnDevice,
  { shown, events }: { shown: Sight['shown']; events: readonly Happened[] },
  moment: Moment,
): Decision | null {
  if (!effectOf(attempt).givesWay || shown.wipe !== 'requested') return null;
  return wait(attempt, { note: 'A wipe is under way on this device and goes first.', events }, moment);
}

/** Nothing has gone out, and the effect is not there: it is written, unless this device must not have it. */
function toDo(attempt: AttemptOnDevice, sight: Sight, moment: Moment): Decision {
  // A relay has read it, and would have written.
  if (attempt.via === 'relay') return wait(attempt, { note: 'The device does not show it yet; it is tried again.' }, moment);
  // It may be a phone that was set up again, also where the last gather did not see that.
  const sign = setUpAnew(attempt.action, { href: attempt.device.href, detail: sight.seen });
  const why = sign === null ? effectOf(attempt).refuses(sight.seen) : staleWipe(sign);
  if (why !== null) return end(attempt, [['fail', why]], { after: sight.shown, ...moment });
  return only(mustBeAdmitted(attempt) ? { do: 'admit', again: { saw: 'device', sight } } : { do: 'write', sight });
}

/** Wipes are counted against the hourly limit, once each, unless a person has confirmed this one. */
export const mustBeAdmitted = ({ action, tried }: AttemptOnDevice): boolean =>
  isWipe(action) && !action.confirmation?.confirmedAt && tried.what !== 'admitted';

/** An earlier wipe counts: the server keeps a wiped phone out until it is cleared. When that was is for a person to judge. */
function alreadySo({ action }: AttemptOnDevice, { seen }: Sight): string {
  if (!isWipe(action) || seen.wipeDate === null) return 'Already so: the server showed it before anything was written.';
  return `Already so: the server shows that the phone was wiped, on ${instant(seen.wipeDate)}; nothing was written. If it was set up anew since, remove the device, and ask again once it is back.`;
}

/** It has gone out, and the phone behind the record may be another one by now. What has not gone out is refused elsewhere. */
function isStale(attempt: AttemptOnDevice, { seen }: Sight): boolean {
  const { action, device } = attempt;
  if (stateOf(attempt) === 'dispatched') return false;
  const { href, returnedAt = null } = device;
  if (action.registeredAt !== null && action.registeredAt !== device.registeredAt) return true;
  return setUpAnew(action, { href, returnedAt, detail: seen }) !== null;
}

/**
 * It went out for a registration that has ended. A wipe that the server still shows would hit the phone that is there now: it is
 * cancelled, and nothing else is touched.
 */
function staleByNow(attempt: AttemptOnDevice, { seen, shown, href }: Sight, moment: Moment): Decision {
  if (isWipe(attempt.action) && seen.wipe === 'requested') return only({ do: 'cancel-stale-wipe', href });
  return end(attempt, [['fail', staleNote('')]], { after: shown, ...moment });
}

export const afterCancelledWipe = (attempt: AttemptOnDevice, moment: Moment): Decision =>
  end(attempt, [['fail', staleNote('; the wipe, still pending on the server, was taken back')]], moment);

export const afterUncancelledWipe = (attempt: AttemptOnDevice, failure: SourceFailure, moment: Moment): Decision =>
  afterFailure(attempt, { failure, consequence: 'retry' }, moment);

const staleNote = (wipe: string): string =>
  `The device was removed and set up anew while this was under way, as far as can be told${wipe}. Ask again if it is meant for the new registration.`;

/** Accepted and not there: at once, the server did nothing; later, somebody took the wipe back on the server. */
function notThere(attempt: AttemptOnDevice, { shown, now }: { shown: Sight['shown']; now: number }): Decision {
  const note = wipeNoLongerShown(attempt) ?? effectOf(attempt).withoutEffect(shown);
  return end(attempt, [['fail', note]], { after: shown, now });
}

/** Its answer was lost, and the effect is not there: it goes again, through the queue, unless too late or no longer wanted. */
function goAgain(attempt: AttemptOnDevice, shown: Sight['shown'], moment: Moment): Decision {
  const { action, open } = attempt;
  const { now } = moment;
  const undone: Happened = ['find-undone', 'Read after the answer had been lost: the effect is not there.'];
  if (now >= action.expiresAt) return end(attempt, [undone, ['expire', tooLateToRepeat]], moment);
  const newer = open.find((other) => supersedes(other, { ...action, state: 'queued' }));
  if (newer) return end(attempt, [undone, ['supersede', takesItsPlace(newer)]], moment);
  const lastTry = action.history.findLast(({ state }) => state === 'dispatched')?.at ?? action.requestedAt;
  if (isWipe(action) && now - lastTry > wipeRetryMs) return end(attempt, [undone, ['fail', lostWipe]], { after: shown, now });
  return wait(attempt, { note: 'It goes out again.', events: [undone] }, moment);
}

const lostWipe =
  'The answer to the wipe was lost, and the server does not show it by now: it may never have arrived, or the phone was wiped and set up anew since. Look at the phone, and ask again if it is still to be wiped.';
