/** Effects before the step itself: facts are recorded, other actions ended, the state of the source updated. */
import type { Effect } from '#domain/actions/attempt';
import { endOther } from '#use-cases/actions/end-action';
import type { ActDependencies, Try } from './dependencies.ts';
import { markHealthy, resumeAt } from './source-pause.ts';

type Run<K extends Effect['effect']> = (
  deps: ActDependencies,
  held: Try,
  effect: Extract<Effect, { effect: K }>,
) => Promise<Try | null>;

/** Runs them in order. Returns the attempt as it is then stored; null when another writer changed the action. */
export async function runEffects(deps: ActDependencies, given: Try, effects: readonly Effect[]): Promise<Try | null> {
  let held: Try | null = given;
  for (const effect of effects) if (held !== null) held = await run(deps, held, effect);
  return held;
}

function run<K extends Effect['effect']>(deps: ActDependencies, held: Try, effect: Extract<Effect, { effect: K }>) {
  const runOne: Run<K> = runs[effect.effect as K];
  return runOne(deps, held, effect);
}

const runs: { [K in Effect['effect']]: Run<K> } = {
  async record(deps, held, { steps, before }) {
    const action = await deps.ledger.advance(held.attempt.action, { steps, ...(before === null ? {} : { before }) });
    return action && { ...held, attempt: { ...held.attempt, action } };
  },
  async 'end-other'(deps, held, { actionId, step }) {
    const other = held.attempt.open.find((one) => one.actionId === actionId);
    if (other) await endOther(deps, other, step);
    return held;
  },
  async 'source-healthy'(deps, held) {
    await markHealthy(deps, held.attempt.source);
    return held;
  },
  async 'resume-source'(deps, held) {
    await resumeAt(deps, held.attempt.action.sourceId, deps.now() + 1000);
    return held;
  },
};
