/** What follows when the server no longer finds the device's record: that depends on the type of action. */
import { afterMissedRead, isTooLate } from '#domain/actions/after-failure';
import { found } from '#domain/actions/after-reading';
import type { AttemptOnDevice, Decision, Moment } from '#domain/actions/attempt';
import { type EventWithNote, end, stateOf, wait } from '#domain/actions/attempt-steps';
import { staleWipe } from '#domain/actions/readiness';
import { longestWait } from '#domain/actions/retry';
import { type Effect, effects } from '#domain/actions/wanted-effects';

type Gone = (attempt: AttemptOnDevice, moment: Moment) => Decision;

export const afterGone: Gone = (attempt, moment) => byMeaning[effects[attempt.action.type].gone](attempt, moment);

const retryReading: Gone = (attempt, moment) =>
  afterMissedRead(attempt, 'The server does not find the device at its address; the next gather looks for it.', moment);

const byMeaning: Record<Effect['gone'], Gone> = {
  'look-again': retryReading,
  // An address may change: unless we removed it, the device counts as gone only if a gather missed it too.
  done: (attempt, moment) => {
    const state = stateOf(attempt);
    const ours = state === 'unknown' || state === 'applied';
    return ours || attempt.device.presence !== 'present' ? removed(attempt, moment) : retryReading(attempt, moment);
  },
  // Not sent yet: it is never sent. Sent: it stays open, because a phone that registers in its place must not be wiped.
  stale: (attempt, moment) => {
    if (stateOf(attempt) === 'dispatched')
      return end(attempt, [['fail', staleWipe('the server no longer finds its record')]], moment);
    if (isTooLate(attempt, moment)) return end(attempt, [['fail', removedDuringWipe]], moment);
    return wait(attempt, { note: searchedFor, until: moment.now + longestWait }, moment);
  },
};

const searchedFor = 'The server no longer finds the device that this wipe was sent to; it is looked for until the deadline.';
const removedDuringWipe =
  'The device was removed from the Traveler server while its wipe was under way; whether the phone had fetched it is not known: look at the phone.';

function removed(attempt: AttemptOnDevice, moment: Moment): Decision {
  const state = stateOf(attempt);
  if (state === 'dispatched') return end(attempt, [['already-so', 'Already so: the server no longer lists the device.']], moment);
  const late: EventWithNote[] = state === 'unknown' ? [['apply', found]] : [];
  return end(attempt, [...late, ['confirm', 'Read back: the server no longer has the device.']], moment);
}
