/**
 * A relay's report of an attempt, as the observation that an attempt from here would make. Only the latest attempt counts: it
 * first reads what became of an older one.
 */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { Action } from '#domain/actions/action';
import type { Observation } from '#domain/actions/attempt';
import type { ActionOutcome, RelayProblem, RelayResult } from '#domain/relay/relay-protocol';
import { shownOf, sightOf } from './read-device.ts';

type Reported<H extends ActionOutcome['how']> = Extract<ActionOutcome, { how: H }>;
type Observe<H extends ActionOutcome['how']> = (outcome: Reported<H>, href: string) => Observation;

/** `href`: the address of the device's record. */
export function observedByRelay(
  action: Pick<Action, 'attempts' | 'claim'>,
  result: RelayResult,
  { href }: { href: string },
): Observation {
  if (result.attempt !== action.attempts) return { saw: 'outdated-result' };
  // This attempt is already processed and its claim released.
  if (action.claim === null) return { saw: 'repeated-result' };
  return observe(result.outcome, href);
}

function observe<H extends ActionOutcome['how']>(outcome: Reported<H>, href: string): Observation {
  const observeOne: Observe<H> = observations[outcome.how as H];
  return observeOne(outcome, href);
}

const observations: { [H in ActionOutcome['how']]: Observe<H> } = {
  already: ({ before }, href) => ({ saw: 'device', sight: sightOf(before, href) }),
  looked: ({ before }, href) => ({ saw: 'device', sight: sightOf(before, href) }),
  written: ({ before, after }, href) => ({ saw: 'accepted', before: shownOf(before), after: sightOf(after, href) }),
  gone: ({ started }) => (started ? { saw: 'accepted', before: null, after: 'gone' } : { saw: 'gone' }),
  refused: ({ why, before }) => ({ saw: 'refused', why, before: shownOf(before) }),
  unread: ({ problem }) => ({ saw: 'read-failed', failure: failureOf(problem) }),
  unwritten: ({ problem, before }) => ({ saw: 'write-failed', failure: failureOf(problem), before: shownOf(before) }),
  unknown: ({ problem, before }) => ({
    saw: 'outcome-unknown',
    failure: failureOf(problem),
    before: before === null ? null : shownOf(before),
  }),
  expired: () => ({ saw: 'expired-at-relay' }),
  'not-holder': () => ({ saw: 'not-lease-holder' }),
};

function failureOf({ kind, what, where, remedy, retryAfterMs, unreachable }: RelayProblem): TravelerFailure {
  const more = { unreachable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return new TravelerFailure(kind, { what, where: `relay: ${where}`, remedy }, more);
}
