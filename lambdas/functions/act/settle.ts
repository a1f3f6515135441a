/**
 * What an earlier try left open, settled by reading and never by repeating blindly: found, still on its way, or not there.
 * A wipe stays open (applied, then delivered) until the server shows that it was carried out; each gather reads such a device,
 * and what has changed brings the wipe here again.
 */
import type { Shown } from '#domain/actions/action';
import { tooLateToRepeat } from '#domain/actions/expiry';
import { supersedes } from '#domain/actions/readiness';
import { type ActionEventAt, stepsThrough } from '#domain/actions/steps';
import { setUpAnew } from '#domain/actions/wipe';
import { moment } from '#domain/quarantine/evidence-words';
import type { ActResult } from '#use-cases/actions/end-action';
import type { ActDependencies, Try } from './dependencies.ts';
import { afterFailure, confirm, end, happened, noEffect } from './endings.ts';
import type { Executor, Progress } from './executors.ts';
import { postpone } from './postpone.ts';
import { asFailure, type Sight } from './read-device.ts';

type Settling = { executor: Executor; sight: Sight };

/** How long after its try a lost wipe may go again, if it did not arrive. Later the phone might be another one. */
const wipeGoesAgainMs = 15 * 60_000;
/** An open wipe is read at least this often, should no gather do it. */
const wipeReadMs = 3_600_000;

export async function settleEarlier(
  deps: ActDependencies,
  one: Try,
  { executor, sight }: Settling,
): Promise<ActResult | 'to-do'> {
  const { action } = one;
  const { state } = action;
  const { shown } = sight;
  const progress = executor.progress(sight.seen, one);
  if (isStale(one, sight)) return staleByNow(deps, one, sight);
  if (state === 'applied' || state === 'delivered')
    return progress === 'undone'
      ? goneAgain(deps, one, { executor, shown })
      : proceed(deps, one, { progress, shown, before: [] });
  if (state === 'unknown' && progress !== 'undone') {
    const before = [happened(deps, 'apply', 'The effect was found after the answer had been lost.')];
    return proceed(deps, one, { progress, shown, before });
  }
  if (state === 'dispatched' && progress === 'done')
    return end(deps, one, [happened(deps, 'already-so', alreadySo(one, sight))], {
      before: shown,
      after: shown,
    });
  if (state === 'dispatched' && progress === 'pending') {
    const before = [happened(deps, 'apply', 'The server has such a wipe pending already; nothing was written.')];
    return proceed(deps, one, { progress, shown, before });
  }
  if (executor.givesWay && shown.wipe === 'requested') {
    const steps = state === 'unknown' ? [happened(deps, 'find-undone', 'The effect is not there.')] : [];
    return postpone(deps, action, { note: 'A wipe is under way on this device and goes first.', steps });
  }
  return state === 'unknown' ? goAgain(deps, one, shown) : 'to-do';
}

/** An earlier wipe counts: the server keeps a wiped phone out until it is cleared. When that was is for a person to judge. */
function alreadySo({ action }: Try, { seen }: Sight): string {
  if (action.type !== 'wipe' || seen.wipeDate === null) return 'Already so: the server showed it before anything was written.';
  return `Already so: the server shows that the phone was wiped, on ${moment(seen.wipeDate)}; nothing was written. If it was set up anew since, remove the device, and ask again once it is back.`;
}

/** It went out, and the phone behind the record may be another one by now. What has not gone out is refused elsewhere. */
function isStale({ action, device }: Try, { seen }: Sight): boolean {
  if (action.state === 'dispatched') return false;
  const { href, returnedAt = null } = device;
  if (action.registeredAt !== null && action.registeredAt !== device.registeredAt) return true;
  return setUpAnew(action, { href, returnedAt, detail: seen }) !== null;
}

/** The server has it: the end, or for a wipe the next part of its way. */
export function proceed(
  deps: ActDependencies,
  one: Try,
  { progress, shown, before }: { progress: Progress; shown: Shown; before: readonly ActionEventAt[] },
): Promise<ActResult> {
  if (one.action.type !== 'wipe') return confirm(deps, one, { shown, events: before });
  const { state } = one.action;
  const fetched =
    progress === 'pending' || state === 'delivered' ? [] : [happened(deps, 'deliver', 'The phone has fetched the wipe.')];
  if (progress === 'done') {
    const wiped = happened(deps, 'wipe', 'The server shows when the phone was wiped.');
    return end(deps, one, [...before, ...fetched, wiped], { after: shown });
  }
  if (deps.now() >= one.action.expiresAt)
    return end(deps, one, [...before, ...fetched, happened(deps, 'fail', notInTime(progress))], { after: shown });
  return keepOpen(deps, one, { shown, steps: [...before, ...fetched] });
}

const notInTime = (progress: Progress): string =>
  progress === 'fetched'
    ? 'The phone fetched the wipe, and the server has not shown that it was carried out before the deadline; look at the phone, or at the Traveler administration.'
    : 'The phone did not fetch the wipe before the deadline; the request still stands on the server and takes effect if the phone syncs again: leave it, or take it back with cancel-wipe.';

async function keepOpen(
  deps: ActDependencies,
  one: Try,
  { shown, steps }: { shown: Shown; steps: readonly ActionEventAt[] },
): Promise<ActResult> {
  const { action, device } = one;
  const now = deps.now();
  await deps.devices.applyOutcome(device, { endedId: '', next: null, shown: { ...shown, at: now }, denial: undefined });
  const change = {
    steps: stepsThrough(action, steps),
    claim: null,
    notBefore: Math.min(now + wipeReadMs, action.expiresAt),
    after: shown,
  };
  return (await deps.ledger.advance(action, change)) ? 'done' : 'overtaken';
}

/** Accepted and not there: at once, the server did nothing; later, somebody took it back on the server. */
function goneAgain(
  deps: ActDependencies,
  one: Try,
  { executor, shown }: { executor: Executor; shown: Shown },
): Promise<ActResult> {
  const { type, after, state } = one.action;
  const wasThere = type === 'wipe' && (after?.wipe === 'requested' || state === 'delivered');
  if (!wasThere) return noEffect(deps, one, { executor, shown });
  const note =
    state === 'delivered'
      ? 'The phone fetched the wipe, and the server no longer shows it; look at the phone, and ask again if it was not wiped.'
      : 'Somebody took the wipe back on the Traveler server before the phone fetched it; ask again if it is still wanted.';
  return end(deps, one, [happened(deps, 'fail', note)], { after: shown });
}

/**
 * It went out for a registration that has ended. A wipe that the server still shows would hit the phone that is there now: it
 * is taken back, and nothing else is touched.
 */
async function staleByNow(deps: ActDependencies, one: Try, { seen, shown, href }: Sight): Promise<ActResult> {
  const { action, source, slots } = one;
  const stillThere = action.type === 'wipe' && action.state !== 'dispatched' && seen.wipe === 'requested';
  if (stillThere) {
    const failure = await slots(() => source.cancelWipe(href)).then(() => null, asFailure);
    if (failure) return afterFailure(deps, one, { failure, consequence: 'retry' });
  }
  const note = `The device was removed and set up anew while this was under way, as far as can be told${
    stillThere ? '; the wipe, still pending on the server, was taken back' : ''
  }. Ask again if it is meant for the new registration.`;
  return end(deps, one, [happened(deps, 'fail', note)], stillThere ? {} : { after: shown });
}

/** The effect is not there: it goes again, through the queue, unless it is too late or no longer wanted. */
async function goAgain(deps: ActDependencies, one: Try, shown: Shown): Promise<ActResult> {
  const { action, open } = one;
  const undone = happened(deps, 'find-undone', 'Read after the answer had been lost: the effect is not there.');
  if (deps.now() >= action.expiresAt) return end(deps, one, [undone, happened(deps, 'expire', tooLateToRepeat)]);
  const newer = open.find((other) => supersedes(other, { ...action, state: 'queued' }));
  if (newer)
    return end(deps, one, [
      undone,
      happened(deps, 'supersede', `A newer request, ${newer.type} ${newer.actionId}, takes its place.`),
    ]);
  const lastTry = action.history.findLast(({ state }) => state === 'dispatched')?.at ?? action.requestedAt;
  if (action.type === 'wipe' && deps.now() - lastTry > wipeGoesAgainMs)
    return end(deps, one, [undone, happened(deps, 'fail', lostWipe)], { after: shown });
  return postpone(deps, action, { note: 'It goes out again.', steps: [undone] });
}

const lostWipe =
  'The answer to the wipe was lost, and the server does not show it by now: it may never have arrived, or the phone was wiped and set up anew since. Look at the phone, and ask again if it is still to be wiped.';
