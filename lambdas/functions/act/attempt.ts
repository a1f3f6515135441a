/**
 * One try of one action at its source: claim, read, act, read back, record. What was dispatched in an earlier try and never
 * settled is settled first by reading; only then is anything written (again).
 */
import { ahead } from '#adapters/dynamodb/actions/ledger-item';
import type { TravelerFailure } from '#adapters/traveler/failure';
import type { Shown } from '#domain/actions/action';
import { consequences } from '#domain/actions/failure';
import { staleWipe } from '#domain/actions/readiness';
import { stepsThrough } from '#domain/actions/steps';
import { setUpAnew } from '#domain/actions/wipe';
import type { ActResult } from '#use-cases/actions/end-action';
import { supersedeOlder } from '#use-cases/actions/end-action';
import { claim, heldLongEnough } from './claim.ts';
import type { ActDependencies, Try } from './dependencies.ts';
import { afterFailure, end, goneFor, happened, noEffect, unread } from './endings.ts';
import type { Executor } from './executors.ts';
import { asFailure, isGone, isSight, isTelling, lookAgain, type Reading, read, type Sight } from './read-device.ts';
import { proceed, settleEarlier } from './settle.ts';
import { wellAgain } from './source-pause.ts';
import { admitted } from './wipe-guard.ts';

export async function attempt(deps: ActDependencies, one: Try, executor: Executor): Promise<ActResult> {
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
  if (why !== null) return end(deps, held, [happened(deps, 'fail', why)], { after: reading.shown });
  const allowed = await admitted(deps, held);
  if (allowed !== 'admitted') return allowed;
  return write(deps, held, { executor, sight: reading });
}

type Writing = { executor: Executor; sight: Sight };

/** What this reading shows may be a phone set up anew, also where the last gather did not see it. */
function refusal(one: Try, { executor, sight }: Writing): string | null {
  const anew = setUpAnew(one.action, { href: one.device.href, detail: sight.seen });
  return anew === null ? executor.refuses(sight.seen, one) : staleWipe(anew);
}

async function write(deps: ActDependencies, held: Try, { executor, sight }: Writing): Promise<ActResult> {
  const asked = await held.slots(() => ask(deps, held, { executor, sight }));
  if (asked === null) return 'overtaken';
  const { sure, answer } = asked;
  if (answer === 'gone') return goneFor(deps, sure, executor);
  if (answer === 'accepted') return accepted(deps, sure, { executor, sight });
  return unwritten(deps, sure, { executor, shown: sight.shown, failure: answer });
}

/** It may have waited long for its slot: the claim is looked at last of all. Null when it is somebody else's by now. */
async function ask(deps: ActDependencies, held: Try, { executor, sight }: Writing) {
  const sure = await heldLongEnough(deps, held);
  if (sure === null) return null;
  const answer = await executor.write(sure.source, sight.href, { seen: sight.seen, about: sure }).catch(asFailure);
  return { sure, answer };
}

/**
 * Mostly the first look shows the effect, and all of it is written at once, with the end. Killed before that, it reads as an
 * answer that was lost. What takes the server longer is noted as applied before it is waited for.
 */
async function accepted(deps: ActDependencies, held: Try, { executor, sight }: Writing): Promise<ActResult> {
  const steps = stepsThrough(held.action, [happened(deps, 'apply', '')]);
  const note = () => deps.ledger.advance(held.action, { steps, before: sight.shown });
  const sent = { ...held, action: ahead(held.action, { steps, before: sight.shown }) };
  const [first, noted] = await Promise.all([read(sent), executor.notedAtOnce ? note() : null]);
  if (noted === null && isTelling(first, sent, executor)) return effect(deps, sent, { executor, reading: first });
  const applied = noted ?? (await note());
  if (!applied) return 'overtaken';
  const next = { ...held, action: applied };
  return effect(deps, next, { executor, reading: await lookAgain(deps, next, { executor, reading: first }) });
}

/** The server has accepted it: what it then shows. */
export function effect(
  deps: ActDependencies,
  one: Try,
  { executor, reading }: { executor: Executor; reading: Reading },
): Promise<ActResult> {
  if (isGone(reading)) return goneFor(deps, one, executor);
  if (!isSight(reading)) return unread(deps, one, reading);
  const progress = executor.progress(reading.seen, one);
  return progress === 'undone'
    ? noEffect(deps, one, { executor, shown: reading.shown })
    : proceed(deps, one, { progress, shown: reading.shown, before: [] });
}

async function unwritten(
  deps: ActDependencies,
  one: Try,
  { executor, shown, failure }: { executor: Executor; shown: Shown; failure: TravelerFailure },
): Promise<ActResult> {
  const consequence = consequences[failure.kind].writing;
  if (consequence === 'reconcile') {
    const steps = stepsThrough(one.action, [happened(deps, 'lose', failure.message)]);
    // Told when to come back: until then it is not even read.
    const reads = failure.retryAfterMs === undefined ? read(one) : null;
    const [lost, reading] = await Promise.all([deps.ledger.advance(one.action, { steps, before: shown }), reads]);
    if (!lost) return 'overtaken';
    const next = { ...one, action: lost };
    if (reading === null) return afterFailure(deps, next, { failure, consequence: 'retry' });
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
    ? end(deps, one, [happened(deps, 'fail', failure.message)], { after: shown })
    : afterFailure(deps, one, { failure, consequence });
}
