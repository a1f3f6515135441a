/** What an attempt does next, for every combination of state and observation. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { actionType } from '#domain/actions/action';
import type { Attempt, NextKind, NextStep, Observation, Tried } from '#domain/actions/attempt';
import { effectOf } from '#domain/actions/effect-of';
import { next } from '#domain/actions/next-step';
import { isFinal } from '#domain/actions/transitions';
import { allAttempts, anAttempt, now, observations, readings, tries, writeResults } from './attempt-cells.ts';

const moment = { now, random: 0.5 };
const minuteMs = 60_000;

type Cell = { attempt: Attempt; observed: Observation; first: ReturnType<typeof next>['first']; step: NextStep };
/** Fails with the first cell that breaks the rule. */
function everyCell(broken: (cell: Cell) => boolean): void {
  for (const attempt of allAttempts())
    for (const observed of observations) {
      const { first, step } = next(attempt, observed, moment);
      if (broken({ attempt, observed, first, step }))
        expect.fail(JSON.stringify({ attempt: { ...attempt, device: attempt.device !== null }, observed, first, step }));
    }
}

describe('in every combination', () => {
  test('there is a decision', () => {
    let cells = 0;
    everyCell(() => {
      cells += 1;
      return false;
    });
    expect(cells).toBeGreaterThan(500_000);
  });

  test('an action that has ended is never written again', () => {
    const harmless: NextKind[] = ['wake', 'start-over'];
    everyCell(({ attempt, first, step }) => isFinal(attempt.action.state) && !(first.length === 0 && harmless.includes(step.do)));
  });

  test('an impossible action writes nothing', () => {
    everyCell(({ first, step }) => step.do === 'start-over' && first.length > 0);
  });

  test('only a first claim writes, right after the effect was read as absent', () => {
    everyCell(({ attempt, observed, step }) => {
      if (step.do !== 'write') return false;
      const { device, action, tried, via } = attempt;
      if (device === null || observed.saw !== 'device' || observed.sight !== step.sight) return true;
      const isFresh = tried.what === 'nothing' || tried.what === 'admitted';
      const isUndone = ['undone', 'fetched'].includes(effectOf({ ...attempt, device }).progress(step.sight.seen));
      return via !== 'direct' || action.state !== 'dispatched' || !isFresh || !isUndone;
    });
  });

  test('a wipe is written only where none is shown, and once admitted', () => {
    everyCell(({ attempt: { action, tried }, step }) => {
      if (action.type !== 'wipe' || step.do !== 'write') return false;
      const { seen } = step.sight;
      const isOther = seen.wipe === 'requested' && seen.codes.requested_wipe_options === 'wipeApps';
      return tried.what !== 'admitted' || (seen.wipe !== 'none' && !isOther);
    });
  });

  test('an end is final, and an open state is not', () => {
    everyCell(({ step }) => {
      if (step.do === 'end') return !isFinal(step.state);
      return 'steps' in step && step.steps.some(({ state }) => isFinal(state));
    });
  });

  test('every wait has a limit', () => {
    everyCell(({ attempt: { action }, step }) => {
      if (step.do === 'wait') return !(step.notBefore > now - 2 && step.notBefore <= now + 15 * minuteMs);
      if (step.do === 'follow') return !(step.notBefore <= now + 60 * minuteMs && step.notBefore <= action.expiresAt);
      if (step.do === 'ask-confirmation') return step.notBefore > action.expiresAt;
      if (step.do === 'pause-source') return !(step.until > now && step.until <= now + 30 * minuteMs);
      if (step.do === 'read') return step.afterMs > 1000;
      return step.do === 'wake' && step.at > now + 15 * minuteMs;
    });
  });

  test('the cloud never reads or writes a source behind a relay', () => {
    everyCell(({ attempt, step }) => attempt.via === 'relay' && (step.do === 'read' || step.do === 'write'));
  });
});

/** What can be observed after a step. */
const follows: Partial<Record<NextKind, readonly Observation[]>> = {
  read: readings,
  write: writeResults,
  'cancel-stale-wipe': observations.filter(({ saw }) => saw === 'wipe-cancelled' || saw === 'wipe-not-cancelled'),
  'pause-source': observations.filter(({ saw }) => saw === 'paused'),
};

/** The attempt after a step, as the caller stores it. */
function after(attempt: Attempt, { first, step }: ReturnType<typeof next>): Attempt {
  const steps = first.flatMap((effect) => (effect.effect === 'record' ? effect.steps : []));
  const action = { ...attempt.action, state: steps.at(-1)?.state ?? attempt.action.state };
  const cleared: Tried = { what: 'admitted' };
  const tried = step.do === 'read' ? step.tried : step.do === 'write' || step.do === 'admit' ? cleared : attempt.tried;
  return { ...attempt, action, tried };
}

test('an attempt writes at most once, and ends within ten steps', () => {
  fc.assert(
    fc.property(fc.constantFrom(...actionType.options), fc.array(fc.nat(), { minLength: 12, maxLength: 12 }), (type, choices) => {
      let attempt = anAttempt({ type, state: 'dispatched' });
      let observed: Observation = readings[(choices[0] ?? 0) % readings.length] ?? { saw: 'gone' };
      let writes = 0;
      for (const choice of choices.slice(1)) {
        const decision = next(attempt, observed, moment);
        const { step } = decision;
        attempt = after(attempt, decision);
        if (step.do === 'write') writes += 1;
        const possible = step.do === 'admit' ? [step.again] : (follows[step.do] ?? []);
        const chosen = possible[choice % possible.length];
        if (chosen === undefined) {
          expect(writes).toBeLessThanOrEqual(1);
          expect(step.do).not.toBe('start-over');
          return;
        }
        observed = chosen;
      }
      expect.fail('it goes on');
    }),
    { numRuns: 2_000 },
  );
});

test('every attempt reached here is in the table of cells', () => {
  expect(new Set(tries.map(({ what }) => what))).toEqual(new Set(['nothing', 'admitted', 'written', 'denied', 'answer-lost']));
});
