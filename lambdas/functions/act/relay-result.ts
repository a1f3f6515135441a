/**
 * What a relay tells of a try, settled as a try from here would be: the same endings, the same table of consequences. Only the
 * latest try's word counts; an older one is answered for by the later one, which reads first.
 */
import { ahead } from '#adapters/dynamodb/actions/ledger-item';
import { TravelerFailure } from '#adapters/traveler/failure';
import { consequences } from '#domain/actions/failure';
import { stepsThrough } from '#domain/actions/steps';
import type { DeviceDetail } from '#domain/devices/device';
import type { ActionOutcome, RelayProblem, RelayResult } from '#domain/relay/relay-protocol';
import type { ActResult } from '#use-cases/actions/end-action';
import { wake } from '#use-cases/actions/wake';
import { effect } from './attempt.ts';
import type { ActDependencies, Try } from './dependencies.ts';
import { afterFailure, end, goneFor, happened, unread } from './endings.ts';
import type { Executor } from './executors.ts';
import { postpone } from './postpone.ts';
import { type Sight, shownOf } from './read-device.ts';
import { settleEarlier } from './settle.ts';
import { wellAgain } from './source-pause.ts';

type Told<H extends ActionOutcome['how']> = Extract<ActionOutcome, { how: H }>;
type Settle<H extends ActionOutcome['how']> = (
  deps: ActDependencies,
  one: Try,
  told: { outcome: Told<H>; executor: Executor },
) => Promise<ActResult>;

export async function settleResult(
  deps: ActDependencies,
  one: Try,
  { result, executor }: { result: RelayResult; executor: Executor },
): Promise<ActResult> {
  const { action } = one;
  if (result.attempt !== action.attempts) return 'done';
  // This try was settled and let go before: its word came twice, or the worker was cut off before it had the user evaluated.
  if (action.claim === null) {
    await wake(deps, action, action.notBefore ?? deps.now());
    return 'done';
  }
  if ('before' in result.outcome) await wellAgain(deps, one);
  return settle(deps, one, { outcome: result.outcome, executor });
}

function settle<H extends ActionOutcome['how']>(deps: ActDependencies, one: Try, told: { outcome: Told<H>; executor: Executor }) {
  const settling: Settle<H> = settlings[told.outcome.how as H];
  return settling(deps, one, told);
}

const settlings: { [H in ActionOutcome['how']]: Settle<H> } = {
  already: (deps, one, { outcome, executor }) => looked(deps, one, { seen: outcome.before, executor }),
  looked: (deps, one, { outcome, executor }) => looked(deps, one, { seen: outcome.before, executor }),
  written: (deps, one, { outcome: { before, after }, executor }) =>
    effect(deps, applied(deps, one, before), { executor, reading: sightOf(one, after) }),
  gone: (deps, one, { outcome, executor }) => goneFor(deps, outcome.started ? applied(deps, one, null) : one, executor),
  refused: (deps, one, { outcome }) =>
    end(deps, one, [happened(deps, 'fail', outcome.why)], { after: shownOf({ detail: outcome.before }) }),
  unread: (deps, one, { outcome }) => unread(deps, one, { failure: failureOf(outcome.problem) }),
  unwritten: async (deps, one, { outcome }) => {
    const failure = failureOf(outcome.problem);
    const consequence = consequences[failure.kind].writing;
    if (consequence === 'reconcile') return lost(deps, one, { failure, before: outcome.before });
    const after = shownOf({ detail: outcome.before });
    return consequence === 'fail'
      ? end(deps, one, [happened(deps, 'fail', failure.message)], { after })
      : afterFailure(deps, one, { failure, consequence });
  },
  unknown: (deps, one, { outcome }) => lost(deps, one, { failure: failureOf(outcome.problem), before: outcome.before }),
  // Nothing was begun: once it waits again, it ends as expired.
  expired: (deps, one) =>
    postpone(deps, one.action, { note: 'It reached its relay too late to be begun.', until: deps.now() + 1000 }),
  'not-holder': (deps, one) =>
    postpone(deps, one.action, { note: 'Another relay has taken over its source; it goes there.', until: deps.now() + 1000 }),
};

async function looked(
  deps: ActDependencies,
  one: Try,
  { seen, executor }: { seen: DeviceDetail; executor: Executor },
): Promise<ActResult> {
  const settled = await settleEarlier(deps, one, { executor, sight: sightOf(one, seen) });
  return settled === 'to-do'
    ? postpone(deps, one.action, { note: 'The device does not show it yet; it is tried again.' })
    : settled;
}

/** As it is once the server's acceptance is told: written with the end. */
function applied(deps: ActDependencies, one: Try, before: DeviceDetail | null): Try {
  const steps = stepsThrough(one.action, [happened(deps, 'apply', '')]);
  const shown = before === null ? {} : { before: shownOf({ detail: before }) };
  return { ...one, action: ahead(one.action, { steps, ...shown }) };
}

async function lost(
  deps: ActDependencies,
  one: Try,
  { failure, before }: { failure: TravelerFailure; before: DeviceDetail | null },
): Promise<ActResult> {
  const steps = one.action.state === 'dispatched' ? stepsThrough(one.action, [happened(deps, 'lose', failure.message)]) : [];
  const shown = before === null ? {} : { before: shownOf({ detail: before }) };
  const next = await deps.ledger.advance(one.action, { steps, ...shown });
  return next ? postpone(deps, next, { note: failure.message }) : 'overtaken';
}

const sightOf = ({ device }: Try, seen: DeviceDetail): Sight => ({ seen, shown: shownOf({ detail: seen }), href: device.href });

function failureOf({ kind, what, where, remedy, retryAfterMs, unreachable }: RelayProblem): TravelerFailure {
  const more = { unreachable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return new TravelerFailure(kind, { what, where: `relay: ${where}`, remedy }, more);
}
