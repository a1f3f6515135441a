/** What it means that the server no longer finds the device's record: that depends on what was to be done with it. */
import { afterMissedRead, isTooLate } from '#domain/actions/after-failure';
import { found } from '#domain/actions/after-reading';
import type { AttemptOnDevice, Decision, Moment } from '#domain/actions/attempt';
import { end, type Happened, stateOf, wait } from '#domain/actions/attempt-steps';
import { type Effect, effects } from '#domain/actions/executor-rules';
import { staleWipe } from '#domain/actions/readiness';
import { longestWait } from '#domain/actions/retry';

type Gone = (attempt: AttemptOnDevice, moment: Moment) => Decision;

export const afterGone: Gone = (attempt, moment) => byMeaning[effects[attempt.action.type].gone](attempt, moment);

const look: Gone = (attempt, moment) =>
  afterMissedRead(attempt, 'The server does not find the device at its address; the next gather looks for it.', moment);

const byMeaning: Record<Effect['gone'], Gone> = {
  'look-again': look,
  // An address may change: only with a gather that misses the device too is it gone without our doing.
  done: (attempt, moment) => {
    const state = stateOf(attempt);
    const ours = state === 'unknown' || state === 'applied';
    return ours || attempt.device.presence !== 'present' ? removed(attempt, moment) : look(attempt, moment);
  },
  // Not sent yet, it is not sent any more. Once sent, it is followed: a phone that takes the record's place must not get it.
  stale: (attempt, moment) => {
    if (stateOf(attempt) === 'dispatched')
      return end(attempt, [['fail', staleWipe('the server no longer finds its record')]], moment);
    if (isTooLate(attempt, moment)) return end(attempt, [['fail', wipedAway]], moment);
    return wait(attempt, { note: lookedFor, until: moment.now + longestWait }, moment);
  },
};

const lookedFor = 'The server no longer finds the device that this wipe was sent to; it is looked for until the deadline.';
const wipedAway =
  'The device was removed from the Traveler server while its wipe was under way; whether the phone had fetched it is not known: look at the phone.';

function removed(attempt: AttemptOnDevice, moment: Moment): Decision {
  const state = stateOf(attempt);
  if (state === 'dispatched') return end(attempt, [['already-so', 'Already so: the server no longer lists the device.']], moment);
  const late: Happened[] = state === 'unknown' ? [['apply', found]] : [];
  return end(attempt, [...late, ['confirm', 'Read back: the server no longer has the device.']], moment);
}
