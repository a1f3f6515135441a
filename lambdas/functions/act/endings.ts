/** How a try ends: with the effect, without it, or with a failure that the table of consequences knows what to do about. */
import type { TravelerFailure } from '#adapters/traveler/failure';
import type { Shown } from '#domain/actions/action';
import { type Consequence, consequences } from '#domain/actions/failure';
import { staleWipe } from '#domain/actions/readiness';
import { longestWait } from '#domain/actions/retry';
import { type ActionEventAt, stepsThrough } from '#domain/actions/steps';
import type { ActionEvent } from '#domain/actions/transitions';
import type { ActResult } from '#use-cases/actions/end-action';
import { endAction, endCancelledWipes } from '#use-cases/actions/end-action';
import type { ActDependencies, Try } from './dependencies.ts';
import type { Executor } from './executors.ts';
import { postpone } from './postpone.ts';
import type { Unread } from './read-device.ts';
import { pauseSource } from './source-pause.ts';

export const happened = (deps: Pick<ActDependencies, 'now'>, event: ActionEvent, note: string): ActionEventAt => ({
  event,
  at: deps.now(),
  note,
});

/** Nothing was learnt, so nothing is written. */
export async function unread(deps: ActDependencies, one: Try, reading: Unread): Promise<ActResult> {
  const note = 'lost' in reading ? reading.lost : reading.failure.message;
  if (isTooLate(deps, one)) return end(deps, one, [happened(deps, 'fail', `${neverLearnt} ${note}`)]);
  if ('lost' in reading) return postpone(deps, one.action, { note });
  return afterFailure(deps, one, { failure: reading.failure, consequence: consequences[reading.failure.kind].reading });
}

/** Past its deadline, with an effect that nobody can tell any more. What was only claimed expires by itself. */
const isTooLate = (deps: ActDependencies, { action }: Try): boolean =>
  deps.now() >= action.expiresAt && action.state !== 'dispatched';
const neverLearnt =
  'Its deadline passed without anybody learning whether it took effect; look at the device on the Traveler server.';

export async function afterFailure(
  deps: ActDependencies,
  one: Try,
  { failure, consequence }: { failure: TravelerFailure; consequence: Consequence },
): Promise<ActResult> {
  const note = failure.message;
  if (consequence === 'fail') return end(deps, one, [happened(deps, 'fail', note)]);
  const paused = await pauseSource(deps, one, { failure, stop: consequence === 'stop-source' });
  return paused === null
    ? postpone(deps, one.action, { note, atLeast: failure.retryAfterMs })
    : postpone(deps, one.action, { note, until: paused, waitsFor: 'source' });
}

/** The record is not there any more: what that means depends on what was to be done with it. */
export async function goneFor(deps: ActDependencies, one: Try, { gone }: Executor): Promise<ActResult> {
  const { action, device } = one;
  if (gone === 'stale') return goneUnderWipe(deps, one);
  // An address may change: only with a gather that misses the device too is it gone without our doing.
  const ours = action.state === 'unknown' || action.state === 'applied';
  if (gone === 'done' && (ours || device.presence !== 'present')) return removed(deps, one);
  const note = 'The server does not find the device at its address; the next gather looks for it.';
  return unread(deps, one, { lost: note, gone: true });
}

/** Not sent yet, it is not sent any more. Once sent, it is followed: a phone that takes the record's place must not get it. */
function goneUnderWipe(deps: ActDependencies, one: Try): Promise<ActResult> {
  if (one.action.state === 'dispatched')
    return end(deps, one, [happened(deps, 'fail', staleWipe('the server no longer finds its record'))]);
  if (isTooLate(deps, one)) return end(deps, one, [happened(deps, 'fail', wipedAway)]);
  const note = 'The server no longer finds the device that this wipe was sent to; it is looked for until the deadline.';
  return postpone(deps, one.action, { note, until: deps.now() + longestWait });
}

const wipedAway =
  'The device was removed from the Traveler server while its wipe was under way; whether the phone had fetched it is not known: look at the phone.';

function removed(deps: ActDependencies, one: Try): Promise<ActResult> {
  const events: ActionEventAt[] =
    one.action.state === 'dispatched'
      ? [happened(deps, 'already-so', 'Already so: the server no longer lists the device.')]
      : [
          ...(one.action.state === 'unknown'
            ? [happened(deps, 'apply', 'The effect was found after the answer had been lost.')]
            : []),
          happened(deps, 'confirm', 'Read back: the server no longer has the device.'),
        ];
  return end(deps, one, events);
}

export async function confirm(
  deps: ActDependencies,
  one: Try,
  { shown, events }: { shown: Shown; events: readonly ActionEventAt[] },
): Promise<ActResult> {
  return end(deps, one, [...events, happened(deps, 'confirm', 'Read back: the device shows it.')], { after: shown });
}

export function noEffect(
  deps: ActDependencies,
  one: Try,
  { executor, shown }: { executor: Executor; shown: Shown },
): Promise<ActResult> {
  return end(deps, one, [happened(deps, 'fail', executor.withoutEffect(shown))], { after: shown });
}

/** The wipes that a cancel-wipe took back end with it, before it does: a crash in between ends them the next time. */
export async function end(
  deps: ActDependencies,
  one: Try,
  events: readonly ActionEventAt[],
  seen: { before?: Shown; after?: Shown } = {},
): Promise<ActResult> {
  const { action, device, open } = one;
  const last = stepsThrough(action, events).at(-1)?.state;
  const left = action.type === 'cancel-wipe' && last === 'confirmed' ? await endCancelledWipes(deps, action, open) : open;
  return endAction(deps, action, { events, device, open: left, ...seen });
}
