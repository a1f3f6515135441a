/**
 * Observes, asks the domain for the next step (domain/actions/next-step.ts), does it, and observes again, until the attempt
 * ends.
 */
import type { Observation } from '#domain/actions/attempt';
import { next } from '#domain/actions/next-step';
import type { ActResult } from '#use-cases/actions/end-action';
import type { ActDependencies, Try } from './dependencies.ts';
import { runEffects } from './effects-before-step.ts';
import { perform } from './perform-step.ts';

/** Far more than any attempt needs: a claim, admitting a wipe, a write, three reads, and an end. */
const mostSteps = 20;

export async function carryOut(deps: ActDependencies, given: Try, first: Observation): Promise<ActResult> {
  let [held, observed] = [given, first];
  for (let steps = 0; steps < mostSteps; steps++) {
    const decision = next(held.attempt, observed, { now: deps.now(), random: deps.random() });
    const prepared = await runEffects(deps, held, decision.first);
    if (prepared === null) return 'overtaken';
    const done = await perform(deps, prepared, decision.step);
    if ('result' in done) return done.result;
    [held, observed] = [done.held, done.observed];
  }
  throw new Error(`Action ${held.attempt.action.actionId} came to no end within ${mostSteps} steps`);
}
