/** What follows once the write was attempted: accepted, refused, or without an answer. */
import { afterFailedRead, afterFailure, afterMissedRead } from '#domain/actions/after-failure';
import { afterGone } from '#domain/actions/after-gone';
import { afterFirstReading } from '#domain/actions/after-reading';
import type { AttemptOnDevice, Decision, Effect, Moment, Observation, Sight, Tried } from '#domain/actions/attempt';
import { end, only, recorded, startOver, stateOf, stepsFor, wait } from '#domain/actions/attempt-steps';
import { effectOf } from '#domain/actions/effect-of';
import { consequences, type SourceFailure } from '#domain/actions/failure-consequences';
import { proceed } from '#domain/actions/follow-wipe';

type Written = Extract<Tried, { what: 'written' }>;
type Saw<K extends Observation['saw']> = Extract<Observation, { saw: K }>;
export type Reading = Saw<'device' | 'gone' | 'other-device' | 'read-failed'>;

/** Pauses before the device is read back again, ms: a pool of servers may take a moment to agree. */
const readBackAfterMs = [250, 1000];

/**
 * Usually the first reading shows the effect, and everything is stored at once, with the end. If the worker is killed before
 * that, the answer counts as lost. If the server takes longer, the action is stored as applied first; a wipe always is.
 */
export function afterAccepted(attempt: AttemptOnDevice, { before, after }: Saw<'accepted'>, moment: Moment): Decision {
  const steps = stepsFor(attempt, [['apply', '']], moment.now);
  const tried: Written = { what: 'written', reads: 1, steps, before };
  if (after !== undefined) return readBack({ ...attempt, tried }, asReading(after), moment);
  if (attempt.via === 'relay') return startOver;
  if (!effectOf(attempt).notedAtOnce) return only({ do: 'read', afterMs: 0, tried });
  const step = { do: 'read', afterMs: 0, tried: { ...tried, steps: [], before: null } } as const;
  return { first: [{ effect: 'record', steps, before }], step };
}

const asReading = (sight: Sight | 'gone'): Reading => (sight === 'gone' ? { saw: 'gone' } : { saw: 'device', sight });

/** What the server shows after it accepted the write. */
function readBack(attempt: AttemptOnDevice & { tried: Written }, reading: Reading, moment: Moment): Decision {
  if (reading.saw === 'gone') return afterGone(attempt, moment);
  const effect = effectOf(attempt);
  const progress = reading.saw === 'device' ? effect.progress(reading.sight.seen) : 'undone';
  if (reading.saw === 'device' && progress !== 'undone')
    return proceed(attempt, { progress, shown: reading.sight.shown, events: [] }, moment);
  const afterMs = attempt.via === 'direct' ? readBackAfterMs[attempt.tried.reads - 1] : undefined;
  if (afterMs !== undefined) return readAgain(attempt.tried, afterMs);
  if (reading.saw !== 'device') return afterUnread(attempt, reading, moment);
  const { shown } = reading.sight;
  return end(attempt, [['fail', effect.withoutEffect(shown)]], { after: shown, ...moment });
}

function readAgain({ steps, before, reads }: Written, afterMs: number): Decision {
  const first: Effect[] = steps.length === 0 ? [] : [{ effect: 'record', steps, before }];
  return { first, step: { do: 'read', afterMs, tried: { what: 'written', reads: reads + 1, steps: [], before: null } } };
}

/** The device could not be read, so nothing is written. */
function afterUnread(attempt: AttemptOnDevice, reading: Saw<'other-device' | 'read-failed'>, moment: Moment): Decision {
  if (reading.saw === 'read-failed') return afterFailedRead(attempt, reading.failure, moment);
  return afterMissedRead(attempt, 'The address of the device leads to another one; the next gather reads it anew.', moment);
}

/** After a reading, successful or not: depends on what this attempt has tried before. */
export function afterReading(attempt: AttemptOnDevice, reading: Reading, moment: Moment): Decision {
  const { tried } = attempt;
  if (tried.what === 'written') return readBack({ ...attempt, tried }, reading, moment);
  if (tried.what === 'denied') return afterDenied(attempt, { tried, reading }, moment);
  if (reading.saw === 'gone') return afterGone(attempt, moment);
  return reading.saw === 'device' ? afterFirstReading(attempt, reading.sight, moment) : afterUnread(attempt, reading, moment);
}

/** If reading is denied too, the credentials are wrong. Otherwise the account lacks the right to write. */
function afterDenied(
  attempt: AttemptOnDevice,
  { tried: { failure, before }, reading }: { tried: Extract<Tried, { what: 'denied' }>; reading: Reading },
  moment: Moment,
): Decision {
  if (reading.saw === 'read-failed' && reading.failure.kind === 'denied')
    return afterFailedRead(attempt, reading.failure, moment);
  return end(attempt, [['fail', failure.message]], { after: before, ...moment });
}

export function afterFailedWrite(attempt: AttemptOnDevice, { failure, before }: Saw<'write-failed'>, moment: Moment): Decision {
  const consequence = consequences[failure.kind].writing;
  if (consequence === 'reconcile') return afterLostAnswer(attempt, { failure, before }, moment);
  if (failure.kind === 'denied' && attempt.via === 'direct')
    return only({ do: 'read', afterMs: 0, tried: { what: 'denied', failure, before } });
  if (consequence === 'fail') return end(attempt, [['fail', failure.message]], { after: before, ...moment });
  return afterFailure(attempt, { failure, consequence }, moment);
}

/** The effect may or may not be there. That is stored first; then the device is read, at once or later. */
export function afterLostAnswer(
  attempt: AttemptOnDevice,
  { failure, before }: { failure: SourceFailure; before: Sight['shown'] | null },
  moment: Moment,
): Decision {
  const isNew = stateOf(attempt) === 'dispatched';
  const steps = stepsFor(attempt, isNew ? [['lose', failure.message]] : [], moment.now);
  const lost = { ...attempt, ...recorded(attempt, steps, before), device: attempt.device };
  return { first: [{ effect: 'record', steps, before }], step: afterRecordedLoss(lost, failure, moment) };
}

function afterRecordedLoss(attempt: AttemptOnDevice, failure: SourceFailure, moment: Moment): Decision['step'] {
  if (attempt.via === 'relay') return wait(attempt, { note: failure.message }, moment).step;
  // The server sent Retry-After: until then the device is not even read.
  if (failure.retryAfterMs !== undefined) return afterFailure(attempt, { failure, consequence: 'retry' }, moment).step;
  return { do: 'read', afterMs: 0, tried: { what: 'answer-lost' } };
}
