/** What follows when the server could not be read or written: by the table of consequences (failure-consequences.ts). */
import type { Attempt, Decision, Moment } from '#domain/actions/attempt';
import { end, only, stateOf, wait } from '#domain/actions/attempt-steps';
import { type Consequence, consequences, type SourceFailure } from '#domain/actions/failure-consequences';
import { pauseAfter } from '#domain/actions/source-pause';

type Failed = { failure: SourceFailure; consequence: Exclude<Consequence, 'reconcile'> };

export function afterFailure(attempt: Attempt, { failure, consequence }: Failed, moment: Moment): Decision {
  if (consequence === 'fail') return end(attempt, [['fail', failure.message]], moment);
  const pause = pauseAfter(attempt.source, { failure, stop: consequence === 'stop-source' }, moment);
  return pause === null ? retryLater(attempt, failure, moment) : only(pause);
}

/** The source is paused until `until`; null: another worker has just found it healthy. */
export function afterPause(
  attempt: Attempt,
  { failure, until }: { failure: SourceFailure; until: number | null },
  moment: Moment,
): Decision {
  if (until === null) return retryLater(attempt, failure, moment);
  return wait(attempt, { note: failure.message, until, for: 'source' }, moment);
}

const retryLater = (attempt: Attempt, { message, retryAfterMs }: SourceFailure, moment: Moment): Decision =>
  wait(attempt, { note: message, atLeast: retryAfterMs }, moment);

/** The device could not be read. */
export function afterFailedRead(attempt: Attempt, failure: SourceFailure, moment: Moment): Decision {
  if (isTooLate(attempt, moment)) return failUnresolved(attempt, failure.message, moment);
  const consequence = consequences[failure.kind].reading;
  return afterFailure(attempt, { failure, consequence }, moment);
}

/** The record is not at its address. The next gather finds the new one. */
export function afterMissedRead(attempt: Attempt, note: string, moment: Moment): Decision {
  return isTooLate(attempt, moment) ? failUnresolved(attempt, note, moment) : wait(attempt, { note }, moment);
}

/** Past its deadline, and it is unknown whether it took effect. One that was only claimed expires normally. */
export const isTooLate = (attempt: Attempt, { now }: Moment): boolean =>
  now >= attempt.action.expiresAt && stateOf(attempt) !== 'dispatched';

const failUnresolved = (attempt: Attempt, note: string, moment: Moment): Decision =>
  end(
    attempt,
    [
      [
        'fail',
        `Its deadline passed without anybody learning whether it took effect; look at the device on the Traveler server. ${note}`,
      ],
    ],
    moment,
  );
