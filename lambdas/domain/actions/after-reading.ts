/**
 * What follows once the device was read. The outcome of an earlier attempt is determined by reading, never by repeating the write
 * blindly: the effect is there, still in progress, or not there.
 */

import type { ActionState } from '#domain/actions/action';
import { isWipe } from '#domain/actions/action-types';
import { afterFailure } from '#domain/actions/after-failure';
import type { AttemptOnDevice, Decision, Moment, Sight } from '#domain/actions/attempt';
import { type EventWithNote, end, only, stateOf, supersededNote, wait } from '#domain/actions/attempt-steps';
import { effectOf } from '#domain/actions/effect-of';
import { tooLateToRepeat } from '#domain/actions/expiry';
import type { SourceFailure } from '#domain/actions/failure-consequences';
import { proceed, wipeNoLongerShown } from '#domain/actions/follow-wipe';
import { staleWipe, supersedes } from '#domain/actions/readiness';
import type { Progress } from '#domain/actions/wanted-effects';
import { setUpAnew } from '#domain/actions/wipe';
import { moment as instant } from '#domain/time/moment';

/** How long after its attempt a wipe without an answer may be sent again. Later the phone might be another one. */
export const wipeRetryMs = 15 * 60_000;

/** After the first reading of an attempt, or the reading after its answer was lost. */
export function afterFirstReading(attempt: AttemptOnDevice, sight: Sight, moment: Moment): Decision {
  if (isStale(attempt, sight)) return endStale(attempt, sight, moment);
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
      waitForWipe(attempt, { shown, events: [['find-undone', 'The effect is not there.']] }, moment) ??
      sendAgain(attempt, shown, moment)
    );
  },
  dispatched: (attempt, { sight, progress }, moment) => {
    const { shown } = sight;
    if (progress === 'done')
      return end(attempt, [['already-so', alreadySo(attempt, sight)]], { before: shown, after: shown, ...moment });
    if (progress === 'pending') return proceed(attempt, { progress, shown, events: [['apply', pendingAlready]] }, moment);
    return waitForWipe(attempt, { shown, events: [] }, moment) ?? startWrite(attempt, sight, moment);
  },
};
export const found = 'The effect was found after the answer had been lost.';
const pendingAlready = 'The server has such a wipe pending already; nothing was written.';

/** Waits while a wipe is pending on the device; null when there is none. */
function waitForWipe(
  attempt: AttemptOnDevice,
  { shown, events }: { shown: Sight['shown']; events: readonly EventWithNote[] },
  moment: Moment,
): Decision | null {
  if (!effectOf(attempt).givesWay || shown.wipe !== 'requested') return null;
  return wait(attempt, { note: 'A wipe is under way on this device and goes first.', events }, moment);
}

/** Nothing was sent, and the effect is not there: it is written, unless the device must not have it. */
function startWrite(attempt: AttemptOnDevice, sight: Sight, moment: Moment): Decision {
  // A relay writes on its own after reading, so nothing is left to write here.
  if (attempt.via === 'relay') return wait(attempt, { note: 'The device does not show it yet; it is tried again.' }, moment);
  // The phone may have been set up again since the last gather.
  const sign = setUpAnew(attempt.action, { href: attempt.device.href, detail: sight.seen });
  const why = sign === null ? effectOf(attempt).refuses(sight.seen) : staleWipe(sign);
  if (why !== null) return end(attempt, [['fail', why]], { after: sight.shown, ...moment });
  return only(mustBeAdmitted(attempt) ? { do: 'admit', again: { saw: 'device', sight } } : { do: 'write', sight });
}

/** Each wipe counts once against the hourly limit, unless a person has confirmed it. */
export const mustBeAdmitted = ({ action, tried }: AttemptOnDevice): boolean =>
  isWipe(action) && !action.confirmation?.confirmedAt && tried.what !== 'admitted';

/** An earlier wipe counts as done: the server blocks a wiped phone until the wipe is cleared. A person judges from its date. */
function alreadySo({ action }: AttemptOnDevice, { seen }: Sight): string {
  if (!isWipe(action) || seen.wipeDate === null) return 'Already so: the server showed it before anything was written.';
  return `Already so: the server shows that the phone was wiped, on ${instant(seen.wipeDate)}; nothing was written. If it was set up anew since, remove the device, and ask again once it is back.`;
}

/** It was sent, and the phone behind the record may be another one by now. If it was not sent, readiness.ts refuses it. */
function isStale(attempt: AttemptOnDevice, { seen }: Sight): boolean {
  const { action, device } = attempt;
  if (stateOf(attempt) === 'dispatched') return false;
  const { href, returnedAt = null } = device;
  if (action.registeredAt !== null && action.registeredAt !== device.registeredAt) return true;
  return setUpAnew(action, { href, returnedAt, detail: seen }) !== null;
}

/**
 * It was sent for a registration that has ended. A wipe that is still pending would hit the present phone, so it is cancelled;
 * nothing else is changed.
 */
function endStale(attempt: AttemptOnDevice, { seen, shown, href }: Sight, moment: Moment): Decision {
  if (isWipe(attempt.action) && seen.wipe === 'requested') return only({ do: 'cancel-stale-wipe', href });
  return end(attempt, [['fail', staleNote('')]], { after: shown, ...moment });
}

export const afterCancelledWipe = (attempt: AttemptOnDevice, moment: Moment): Decision =>
  end(attempt, [['fail', staleNote('; the wipe, still pending on the server, was taken back')]], moment);

export const afterUncancelledWipe = (attempt: AttemptOnDevice, failure: SourceFailure, moment: Moment): Decision =>
  afterFailure(attempt, { failure, consequence: 'retry' }, moment);

const staleNote = (wipe: string): string =>
  `The device was removed and set up anew while this was under way, as far as can be told${wipe}. Ask again if it is meant for the new registration.`;

/** Accepted, and the effect is not there: the server did nothing, or somebody has since cancelled the wipe on the server. */
function notThere(attempt: AttemptOnDevice, { shown, now }: { shown: Sight['shown']; now: number }): Decision {
  const note = wipeNoLongerShown(attempt) ?? effectOf(attempt).withoutEffect(shown);
  return end(attempt, [['fail', note]], { after: shown, now });
}

/** Its answer was lost, and the effect is not there: it is queued again, unless it is too late or superseded. */
function sendAgain(attempt: AttemptOnDevice, shown: Sight['shown'], moment: Moment): Decision {
  const { action, open } = attempt;
  const { now } = moment;
  const undone: EventWithNote = ['find-undone', 'Read after the answer had been lost: the effect is not there.'];
  if (now >= action.expiresAt) return end(attempt, [undone, ['expire', tooLateToRepeat]], moment);
  const newer = open.find((other) => supersedes(other, { ...action, state: 'queued' }));
  if (newer) return end(attempt, [undone, ['supersede', supersededNote(newer)]], moment);
  const lastTry = action.history.findLast(({ state }) => state === 'dispatched')?.at ?? action.requestedAt;
  if (isWipe(action) && now - lastTry > wipeRetryMs) return end(attempt, [undone, ['fail', lostWipe]], { after: shown, now });
  return wait(attempt, { note: 'It goes out again.', events: [undone] }, moment);
}

const lostWipe =
  'The answer to the wipe was lost, and the server does not show it by now: it may never have arrived, or the phone was wiped and set up anew since. Look at the phone, and ask again if it is still to be wiped.';
