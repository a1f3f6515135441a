/** How each step of an attempt is performed. The map is exhaustive: a step without an implementation does not compile. */
import type { NextKind, NextStep, Observation, StepOf } from '#domain/actions/attempt';
import { type ActResult, endAction } from '#use-cases/actions/end-action';
import { wake } from '#use-cases/actions/evaluate-later';
import { claim, renewedClaim } from './claim.ts';
import type { ActDependencies, Performed, Try } from './dependencies.ts';
import { keepFollowing, waitForConfirmation, waitInLedger } from './keep-open.ts';
import { asFailure, readDevice } from './read-device.ts';
import { cancelWipeOverRelay, claimForRelay, sendToRelay } from './send-to-relay.ts';
import { pauseSource, takeTurn } from './source-pause.ts';
import { writes } from './traveler-writes.ts';

type Perform<K extends NextKind> = (deps: ActDependencies, held: Try, step: StepOf<K>) => Promise<Performed>;

export function perform<K extends NextKind>(deps: ActDependencies, held: Try, step: StepOf<K> & NextStep): Promise<Performed> {
  const performOne: Perform<K> = performs[step.do as K];
  return performOne(deps, held, step);
}

const over = (result: ActResult): Performed => ({ result });
const hourMs = 3_600_000;

const performs: { [K in NextKind]: Perform<K> } = {
  nothing: async () => over('done'),
  'start-over': async () => over('overtaken'),
  async wake(deps, { attempt }, { at }) {
    await wake(deps, attempt.action, at);
    return over('done');
  },
  async claim(deps, held, { probe }) {
    const source = await takeTurn(deps, held.attempt.source, probe);
    if (source === null) return over('overtaken');
    const turn = { ...held, attempt: { ...held.attempt, source } };
    return held.reach.how === 'relay' ? claimForRelay(deps, turn) : claimAndRead(deps, turn);
  },
  async admit(deps, held, { again }) {
    const { sourceId, actionId } = held.attempt.action;
    const [now, limit] = [deps.now(), deps.maxWipesPerHour];
    const admitted = await deps.wipes.admit(sourceId, { actionId, now, since: now - hourMs, limit });
    return admitted ? { held: cleared(held), observed: again } : { held, observed: { saw: 'not-admitted', limit } };
  },
  send: sendToRelay,
  async read(deps, held, { afterMs, tried }) {
    if (afterMs > 0) await deps.pause(afterMs);
    return { held: { ...held, attempt: { ...held.attempt, tried } }, observed: await read(held) };
  },
  write,
  'cancel-stale-wipe': cancelStaleWipe,
  async 'pause-source'(deps, held, step) {
    return {
      held,
      observed: { saw: 'paused', failure: step.failure, until: await pauseSource(deps, held.attempt.source, step) },
    };
  },
  wait: async (deps, { attempt }, step) => over(await waitInLedger(deps, attempt.action, step)),
  follow: async (deps, held, step) => over(await keepFollowing(deps, held, step)),
  'ask-confirmation': async (deps, { attempt }, step) => over(await waitForConfirmation(deps, attempt.action, step)),
  async end(deps, { attempt: { action, device, open } }, { steps, before, after, alsoEnded }) {
    const left = open.filter(({ actionId }) => !alsoEnded.includes(actionId));
    const seen = { ...(before === null ? {} : { before }), ...(after === null ? {} : { after }) };
    return over(await endAction(deps, action, { steps, device, open: left, ...seen }));
  },
};

const cleared = (held: Try): Try => ({ ...held, attempt: { ...held.attempt, tried: { what: 'admitted' } } });

/** The source and device that are read and written from here. Throws for a step that is impossible for this source. */
function reached({ reach, attempt: { device } }: Try) {
  if (reach.how !== 'direct' || device === null) throw new Error('Only a known device of a source that is reached from here');
  return { source: reach.source, device };
}

function read(held: Try): Promise<Observation> {
  const { source, device } = reached(held);
  return readDevice(source, device, held);
}

async function claimAndRead(deps: ActDependencies, held: Try): Promise<Performed> {
  const [action, observed] = await Promise.all([claim(deps, held, { by: deps.worker, until: held.until }), read(held)]);
  return action === null ? over('overtaken') : { held: { ...held, attempt: { ...held.attempt, action } }, observed };
}

/** The action may have waited long for its slot, so the claim is checked last. */
async function write(deps: ActDependencies, held: Try, { sight }: StepOf<'write'>): Promise<Performed> {
  const { source, device } = reached(held);
  return held.slots(async () => {
    const sure = await renewedClaim(deps, held);
    if (sure === null) return over('overtaken');
    const about = { ...sure.attempt, device };
    const answer = await writes[about.action.type](source, sight.href, { seen: sight.seen, about }).catch(asFailure);
    return { held: cleared(sure), observed: observedWrite(answer, sight) };
  });
}

function observedWrite(
  answer: 'accepted' | 'gone' | ReturnType<typeof asFailure>,
  { shown }: StepOf<'write'>['sight'],
): Observation {
  if (answer === 'gone') return { saw: 'gone' };
  return answer === 'accepted' ? { saw: 'accepted', before: shown } : { saw: 'write-failed', failure: answer, before: shown };
}

async function cancelStaleWipe(deps: ActDependencies, held: Try, { href }: StepOf<'cancel-stale-wipe'>): Promise<Performed> {
  const { reach, slots } = held;
  const cancel = reach.how === 'direct' ? slots(() => reach.source.cancelWipe(href)) : cancelWipeOverRelay(deps, held);
  const failure = await cancel.then(() => null, asFailure);
  return { held, observed: failure === null ? { saw: 'wipe-cancelled' } : { saw: 'wipe-not-cancelled', failure } };
}
