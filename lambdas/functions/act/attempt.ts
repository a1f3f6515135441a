/**
 * One try of one action at its source: claim, read, act, read back, record. What was dispatched in an earlier try and never
 * settled is settled first by reading; only then is anything written (again).
 */
import type { TravelerFailure } from '#adapters/traveler/failure';
import type { Shown } from '#domain/action';
import { consequences } from '#domain/failure';
import { staleWipe } from '#domain/readiness';
import { stepsThrough } from '#domain/steps';
import { setUpAnew } from '#domain/wipe';
import { claim, heldLongEnough } from './claim.ts';
import { supersedeOlder } from './conclude.ts';
import type { ActDependencies, Acted, Try } from './dependencies.ts';
import { afterFailure, end, goneFor, happened, noEffect, unread } from './endings.ts';
import type { Executor } from './executors.ts';
import { postpone } from './postpone.ts';
import { asFailure, isGone, isSight, read, readBack, type Sight } from './reading.ts';
import { proceed, settleEarlier } from './settle.ts';
import { wellAgain } from './source-pause.ts';
import { admitted } from './wipe-guard.ts';

export async function attempt(deps: ActDependencies, one: Try, executor: Executor): Promise<Acted> {
  const [claimed, reading] = await Promise.all([claim(deps, one), read(one)]);
  if (!claimed) return 'overtaken';
  const held = { ...one, action: claimed };
  await supersedeOlder(deps, claimed, one.open);
  if (!('failure' in reading)) await wellAgain(deps, held);
  if (isGone(reading)) return goneFor(deps, held, executor);
  if (!isSight(reading)) return unread(deps, held, reading);
  const settled = await settleEarlier(deps, held, { executor, sight: reading });
  if (settled !== 'to-do') return settled;
  const why = refusal(held, { executor, sight: reading });
  if (why !== null) return end(deps, held, [happened(deps, 'fail', why)], reading.shown);
  const allowed = await admitted(deps, held);
  if (allowed !== 'admitted') return allowed;
  const sure = await heldLongEnough(deps, held);
  return sure ? write(deps, sure, { executor, sight: reading }) : 'overtaken';
}

type Writing = { executor: Executor; sight: Sight };

/** What this reading shows may be a phone set up anew, also where the last gather did not see it. */
function refusal(one: Try, { executor, sight }: Writing): string | null {
  const anew = setUpAnew(one.action, { href: one.device.href, detail: sight.seen });
  return anew === null ? executor.refuses(sight.seen, one) : staleWipe(anew);
}

async function write(deps: ActDependencies, held: Try, { executor, sight }: Writing): Promise<Acted> {
  const { action, source } = held;
  const one = executor.bars ? await ownTheBar(deps, held) : held;
  if (one === null) return postpone(deps, action, { note: 'The device was registered anew meanwhile.' });
  try {
    const written = await executor.write(source, sight.href, { seen: sight.seen, about: one });
    if (written === 'gone') return goneFor(deps, one, executor);
  } catch (error) {
    return unwritten(deps, one, { executor, shown: sight.shown, failure: asFailure(error) });
  }
  const steps = stepsThrough(action, [happened(deps, 'apply', 'The server accepted it.')]);
  const sent = { ...one, action: { ...action, state: 'applied' as const } };
  const [applied, reading] = await Promise.all([
    deps.ledger.advance(action, { steps, before: sight.shown }),
    readBack(deps, sent, executor),
  ]);
  if (!applied) return 'overtaken';
  const next = { ...one, action: applied };
  if (isGone(reading)) return goneFor(deps, next, executor);
  if (!isSight(reading)) return unread(deps, next, reading);
  const progress = executor.progress(reading.seen, next);
  return progress === 'undone'
    ? noEffect(deps, next, { executor, shown: reading.shown })
    : proceed(deps, next, { progress, shown: reading.shown, before: [] });
}

/** Before the write: from then on a bar that the server shows is ours, even if we are killed before we hear of it. */
async function ownTheBar(deps: ActDependencies, one: Try): Promise<Try | null> {
  const { action, device } = one;
  const kind = action.purpose === 'hold' ? ('hold' as const) : ('block' as const);
  const denial = { kind, actionId: action.actionId, at: deps.now() };
  // With the device as it now is stored, so that the end of the action need not read it again.
  return (await deps.devices.setDenial(action, denial, device)) ? { ...one, device: { ...device, denial } } : null;
}

async function unwritten(
  deps: ActDependencies,
  one: Try,
  { executor, shown, failure }: { executor: Executor; shown: Shown; failure: TravelerFailure },
): Promise<Acted> {
  const consequence = consequences[failure.kind].writing;
  if (consequence === 'reconcile') {
    const steps = stepsThrough(one.action, [happened(deps, 'lose', failure.message)]);
    const [lost, reading] = await Promise.all([deps.ledger.advance(one.action, { steps, before: shown }), read(one)]);
    if (!lost) return 'overtaken';
    const next = { ...one, action: lost };
    if (isGone(reading)) return goneFor(deps, next, executor);
    if (!isSight(reading)) return unread(deps, next, reading);
    const settled = await settleEarlier(deps, next, { executor, sight: reading });
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
