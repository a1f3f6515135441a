/**
 * What an attempt at an action does next: the whole attempt in one pure function, for sources that are reached directly and for
 * those reached through a relay. The shell (functions/act) observes, calls `next`, carries out the step, and observes again.
 * docs/action-attempts.md shows it as a table.
 */

import type { ActionState } from '#domain/actions/action';
import { isWipe } from '#domain/actions/action-types';
import { afterPause } from '#domain/actions/after-failure';
import { afterCancelledWipe, afterUncancelledWipe, mustBeAdmitted } from '#domain/actions/after-reading';
import { afterAccepted, afterFailedWrite, afterLostAnswer, afterReading } from '#domain/actions/after-writing';
import type {
  Attempt,
  AttemptOnDevice,
  Decision,
  Effect,
  Moment,
  Observation,
  ObservationKind,
  Tried,
} from '#domain/actions/attempt';
import { end, only, startOver, supersededBy, wait } from '#domain/actions/attempt-steps';
import { beforeClaim } from '#domain/actions/before-claim';
import { hasProblem } from '#domain/actions/readiness';
import { isFinal } from '#domain/actions/transitions';
import { askConfirmation } from '#domain/actions/wipe-limit';

type Saw<K extends ObservationKind> = Observation & { saw: K };
type Follow<K extends ObservationKind> = (attempt: AttemptOnDevice, observed: Saw<K>, moment: Moment) => Decision;
/**
 * When it can be observed: `in` these states, by how the source is reached; `once`: only if this attempt has written nothing
 * yet; `wipe`: for wipes only. In any other case another worker has written the action: start over.
 */
type Row<K extends ObservationKind> = Expected & { follow: Follow<K> };
type Expected = { in: { direct?: States; relay?: States }; once?: true; wipe?: true };
type States = readonly ActionState[];

/** The step that follows from `observed`. Covers every combination; an impossible one starts over and writes nothing. */
export function next(attempt: Attempt, observed: Observation, moment: Moment): Decision {
  const { action, device, tried } = attempt;
  if (observed.saw === 'stored') return tried.what === 'nothing' ? beforeClaim(attempt, observed, moment) : startOver;
  if (isFinal(action.state) || device === null || attempt.via === 'unconfigured') return startOver;
  const decided = follow({ ...attempt, device }, observed, moment);
  if (decided === startOver) return startOver;
  return { ...decided, first: [...whenClaimed(attempt, observed, moment), ...decided.first] };
}

function follow<K extends Exclude<ObservationKind, 'stored'>>(
  attempt: AttemptOnDevice,
  observed: Saw<K>,
  moment: Moment,
): Decision {
  const row: Row<K> = rows[observed.saw];
  return isExpected(attempt, row) ? row.follow(attempt, observed, moment) : startOver;
}

function isExpected({ action, via, tried }: Attempt, row: Expected): boolean {
  const states = via === 'unconfigured' ? undefined : row.in[via];
  const isFirst = tried.what === 'nothing' || tried.what === 'admitted';
  return (
    states?.includes(action.state) === true &&
    (row.once === undefined || isFirst) &&
    (row.wipe === undefined || isWipe(action)) &&
    (isFirst || (via === 'direct' && storedAfter(tried) === action.state)) &&
    // Only a wipe is ever delivered.
    (action.state !== 'delivered' || isWipe(action))
  );
}

/** The state in which an action is stored after `tried`. */
function storedAfter(tried: Tried): ActionState {
  if (tried.what === 'answer-lost') return 'unknown';
  return tried.what === 'written' && tried.steps.length === 0 ? 'applied' : 'dispatched';
}

const claimed: States = ['dispatched', 'unknown', 'applied', 'delivered'];
const dispatched: States = ['dispatched'];
const sent: States = ['unknown', 'applied', 'delivered'];
const soonMs = 1000;
/** A relay that has just disconnected is usually back within this time. */
const relayBackMs = 45_000;

const waitSoon =
  (note: string) =>
  (attempt: AttemptOnDevice, _: Observation, moment: Moment): Decision =>
    wait(attempt, { note, until: moment.now + soonMs }, moment);

const both = (states: States): Expected['in'] => ({ direct: states, relay: states });

const rows: { [K in Exclude<ObservationKind, 'stored'>]: Row<K> } = {
  claimed: { once: true, in: { relay: claimed }, follow: (attempt) => only(toRelay(attempt)) },
  device: { in: both(claimed), follow: afterReading },
  gone: { in: both(claimed), follow: afterReading },
  'other-device': { in: { direct: claimed }, follow: afterReading },
  'read-failed': { in: both(claimed), follow: afterReading },
  'not-admitted': {
    wipe: true,
    once: true,
    in: both(dispatched),
    follow: (attempt, { limit }, { now }) => askConfirmation(attempt, { limit, now }),
  },
  accepted: { once: true, in: { direct: dispatched, relay: ['dispatched', 'unknown'] }, follow: afterAccepted },
  'write-failed': { once: true, in: { direct: dispatched, relay: claimed }, follow: afterFailedWrite },
  'outcome-unknown': { once: true, in: { relay: claimed }, follow: afterLostAnswer },
  paused: { in: both(claimed), follow: afterPause },
  'wipe-cancelled': { wipe: true, in: both(sent), follow: (attempt, _, moment) => afterCancelledWipe(attempt, moment) },
  'wipe-not-cancelled': {
    wipe: true,
    in: both(sent),
    follow: (attempt, { failure }, moment) => afterUncancelledWipe(attempt, failure, moment),
  },
  sent: {
    once: true,
    in: { relay: claimed },
    follow: ({ action }, _, { now }) => only({ do: 'wake', at: action.claim?.until ?? now + relayBackMs }),
  },
  disconnected: {
    once: true,
    in: { relay: claimed },
    follow: (attempt, _, moment) => wait(attempt, { note: disconnected, until: moment.now + relayBackMs, for: 'source' }, moment),
  },
  refused: {
    once: true,
    in: { relay: claimed },
    follow: (attempt, { why, before }, moment) => end(attempt, [['fail', why]], { after: before, ...moment }),
  },
  // The relay did not start: the action waits again and then expires.
  'expired-at-relay': { once: true, in: { relay: claimed }, follow: waitSoon('It reached its relay too late to be begun.') },
  'not-lease-holder': {
    once: true,
    in: { relay: claimed },
    follow: waitSoon('Another relay has taken over its source; it goes there.'),
  },
  'outdated-result': {
    once: true,
    in: { relay: ['requested', 'queued', 'waiting', ...claimed] },
    follow: () => only({ do: 'nothing' }),
  },
  // The worker may have crashed before it requested the user's evaluation.
  'repeated-result': {
    once: true,
    in: { relay: ['requested', 'queued', 'waiting', ...claimed] },
    follow: ({ action }, _, { now }) => only({ do: 'wake', at: action.notBefore ?? now }),
  },
};

const disconnected = 'The relay of its source has just gone; it goes out as soon as one is back.';

/** If it may have been sent before, the relay only reads the device. */
function toRelay(attempt: AttemptOnDevice): Decision['step'] {
  if (attempt.action.state !== 'dispatched') return { do: 'send', command: 'look' };
  return mustBeAdmitted(attempt) ? { do: 'admit', again: { saw: 'claimed' } } : { do: 'send', command: 'carry-out' };
}

/** Once, with the first observation after the claim: superseded requests end, and a source that responds is healthy. */
function whenClaimed(attempt: Attempt, observed: Observation, { now }: Moment): Effect[] {
  const { tried, action, via } = attempt;
  if (tried.what !== 'nothing' || !claimed.includes(action.state)) return [];
  const isFirst = via === 'relay' ? observed.saw === 'claimed' : readings.has(observed.saw);
  const responds = hasProblem(attempt.source) && (via === 'relay' ? relayResponds(observed) : directResponses.has(observed.saw));
  return [...(isFirst ? supersededBy(attempt, now) : []), ...(responds ? [{ effect: 'source-healthy' } as const] : [])];
}

const readings: ReadonlySet<ObservationKind> = new Set(['device', 'gone', 'other-device', 'read-failed']);
const directResponses: ReadonlySet<ObservationKind> = new Set(['device', 'gone', 'other-device']);

/** A relay's result that includes what the server showed. */
const relayResponds = (observed: Observation): boolean =>
  observed.saw === 'device' || observed.saw === 'outcome-unknown' || ('before' in observed && observed.before !== null);
