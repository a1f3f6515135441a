/**
 * One try of one action at its source: claim, read, act, read back, record. What was dispatched in an earlier try and never
 * settled is settled first by reading; only then is anything written (again).
 */
import type { TravelerFailure } from '#adapters/traveler/failure';
import type { Shown } from '#domain/action';
import { consequences } from '#domain/failure';
import { supersedes } from '#domain/readiness';
import { stepsThrough } from '#domain/steps';
import { claim, heldLongEnough } from './claim.ts';
import { supersedeOlder } from './conclude.ts';
import type { ActDependencies, Acted, Try } from './dependencies.ts';
import { afterFailure, confirm, end, happened, noEffect, unread } from './endings.ts';
import type { Carrier } from './executors.ts';
import { postpone } from './postpone.ts';
import { asFailure, read, readBack } from './reading.ts';

export async function attempt(deps: ActDependencies, one: Try, executor: Carrier): Promise<Acted> {
  const [claimed, reading] = await Promise.all([claim(deps, one), read(one)]);
  if (!claimed) return 'overtaken';
  const held = { ...one, action: claimed };
  await supersedeOlder(deps, claimed, one.open);
  if (!('shown' in reading)) return unread(deps, held, reading);
  await wellAgain(deps, held);
  const settled = await settleEarlier(deps, held, { executor, shown: reading.shown });
  if (settled !== 'to-do') return settled;
  const sure = await heldLongEnough(deps, held);
  return sure ? write(deps, sure, { executor, ...reading }) : 'overtaken';
}

/** The source answers again: its standing problem with credentials is over. */
async function wellAgain(deps: ActDependencies, { sourceState, action }: Try): Promise<void> {
  if (sourceState.problem?.kind === 'denied') await deps.sources.update(action.sourceId, { problem: null, retryAt: null });
}

/** What an earlier try left open, and what needs no write. */
async function settleEarlier(
  deps: ActDependencies,
  one: Try,
  { executor, shown }: { executor: Carrier; shown: Shown },
): Promise<Acted | 'to-do'> {
  const { state } = one.action;
  const done = executor.isDone(shown);
  if (state === 'applied') return done ? confirm(deps, one, { shown, events: [] }) : noEffect(deps, one, { executor, shown });
  if (state === 'unknown' && done) {
    const events = [happened(deps, 'apply', 'The effect was found after the answer had been lost.')];
    return confirm(deps, one, { shown, events });
  }
  if (state === 'dispatched' && done) {
    const note = 'Already so: the server showed it before anything was written.';
    return end(deps, one, [happened(deps, 'already-so', note)], shown);
  }
  if (shown.wipe === 'requested') {
    const steps = state === 'unknown' ? [happened(deps, 'find-undone', 'The effect is not there.')] : [];
    return postpone(deps, one.action, { note: 'A wipe is under way on this device and goes first.', steps });
  }
  return state === 'unknown' ? goAgain(deps, one) : 'to-do';
}

/** The effect is not there: it goes again, through the queue, unless it is too late or no longer wanted. */
async function goAgain(deps: ActDependencies, one: Try): Promise<Acted> {
  const undone = happened(deps, 'find-undone', 'Read after the answer had been lost: the effect is not there.');
  if (deps.now() >= one.action.expiresAt)
    return end(deps, one, [undone, happened(deps, 'expire', 'Its deadline passed before it could be carried out.')]);
  const newer = one.open.find((other) => supersedes(other, { ...one.action, state: 'queued' }));
  if (newer)
    return end(deps, one, [
      undone,
      happened(deps, 'supersede', `A newer request, ${newer.type} ${newer.actionId}, takes its place.`),
    ]);
  return postpone(deps, one.action, { note: 'It goes out again.', steps: [undone] });
}

async function write(
  deps: ActDependencies,
  one: Try,
  { executor, shown, href }: { executor: Carrier; shown: Shown; href: string },
): Promise<Acted> {
  const { action, device, source } = one;
  if (executor.bars && !(await ownTheBar(deps, one)))
    return postpone(deps, action, { note: 'The device was registered anew meanwhile.' });
  try {
    const written = await executor.write(source, href, { ours: device.denial !== null });
    if (written === 'gone')
      return postpone(deps, action, { note: 'The server lost the device meanwhile; the next gather looks for it.' });
  } catch (error) {
    return unwritten(deps, one, { executor, shown, failure: asFailure(error) });
  }
  const steps = stepsThrough(action, [happened(deps, 'apply', 'The server accepted it.')]);
  const [applied, reading] = await Promise.all([
    deps.ledger.advance(action, { steps, before: shown }),
    readBack(deps, one, executor),
  ]);
  if (!applied) return 'overtaken';
  const next = { ...one, action: applied };
  if (!('shown' in reading)) return unread(deps, next, reading);
  return executor.isDone(reading.shown)
    ? confirm(deps, next, { shown: reading.shown, events: [] })
    : noEffect(deps, next, { executor, shown: reading.shown });
}

/** Before the write: from then on a bar that the server shows is ours, even if we are killed before we hear of it. */
async function ownTheBar(deps: ActDependencies, { action, device }: Try): Promise<boolean> {
  const kind = action.purpose === 'hold' ? 'hold' : 'block';
  return deps.devices.setDenial(action, { kind, actionId: action.actionId, at: deps.now() }, device);
}

async function unwritten(
  deps: ActDependencies,
  one: Try,
  { executor, shown, failure }: { executor: Carrier; shown: Shown; failure: TravelerFailure },
): Promise<Acted> {
  const consequence = consequences[failure.kind].writing;
  if (consequence === 'reconcile') {
    const steps = stepsThrough(one.action, [happened(deps, 'lose', failure.message)]);
    const [lost, reading] = await Promise.all([deps.ledger.advance(one.action, { steps, before: shown }), read(one)]);
    if (!lost) return 'overtaken';
    const next = { ...one, action: lost };
    if (!('shown' in reading)) return unread(deps, next, reading);
    const settled = await settleEarlier(deps, next, { executor, shown: reading.shown });
    return settled === 'to-do' ? 'overtaken' : settled;
  }
  if (failure.kind === 'denied') {
    // Turned away when reading too: the password, not the right to write.
    const reading = await read(one);
    if ('failure' in reading && reading.failure.kind === 'denied') return unread(deps, one, reading);
  }
  return consequence === 'fail'
    ? end(deps, one, [happened(deps, 'fail', failure.message)], shown)
    : afterFailure(deps, one, { failure, consequence });
}
