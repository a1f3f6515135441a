/** docs/action-attempts.md: what an attempt at an action does next, computed by the function itself for representative values. */
import type { ActionState, ActionType } from '#domain/actions/action';
import type { Attempt, Decision, NextKind, StepOf } from '#domain/actions/attempt';
import { next } from '#domain/actions/next-step';
import {
  anAttempt,
  blockColumns,
  blockReadings,
  type Column,
  columns,
  type Line,
  moment,
  readings,
  relayColumns,
  relayResults,
  results,
  wipeReadings,
  wipeResults,
} from './attempt-examples.ts';
import { head, notice, page, row } from './page.ts';

const reached = (steps: readonly { state: ActionState }[]) => steps.map(({ state }) => `\`${state}\``).join(' → ');
const withSteps = (text: string, steps: readonly { state: ActionState }[] = []) =>
  steps.length === 0 ? text : `${text}: ${reached(steps)}`;

const describe: { [K in NextKind]: (step: StepOf<K>) => string } = {
  nothing: () => 'nothing',
  'start-over': () => '–',
  wake: () => 'evaluate the user later',
  claim: () => 'claim',
  admit: () => 'count against the hourly limit',
  send: ({ command }) => `send to the relay: ${command}`,
  read: ({ afterMs }) => (afterMs === 0 ? 'read' : `read again after ${afterMs} ms`),
  write: () => '**write**',
  'cancel-stale-wipe': () => 'cancel the wipe on the server',
  'pause-source': () => 'pause the source',
  wait: ({ steps, waitsFor }) => withSteps(waitsFor === null ? 'wait' : 'wait for the source', steps),
  follow: ({ steps }) => withSteps('stays open', steps),
  'ask-confirmation': ({ steps }) => withSteps('wait for a confirmation', steps),
  end: ({ steps }) => withSteps('end', steps),
};

const describeStep = <K extends NextKind>(step: StepOf<K>): string =>
  (describe[step.do as K] as (step: StepOf<K>) => string)(step);

function cell({ first, step }: Decision): string {
  const records = first.flatMap((effect) => (effect.effect === 'record' ? [withSteps('record', effect.steps)] : []));
  return [...records, describeStep(step)].join('; ');
}

function table(
  type: ActionType,
  lines: readonly Line[],
  { titles, via }: { titles: readonly Column[]; via: Attempt['via'] },
): string[] {
  return [
    ...head('Observed', ...titles.map(({ title }) => title)),
    ...lines.map(({ title, observed }) =>
      row(title, ...titles.map((column) => cell(next(anAttempt(type, column, via), observed, moment)))),
    ),
  ];
}

/** docs/action-attempts.md */
export function actionAttemptsPage(): string {
  const over = { titles: relayColumns, via: 'relay' } as const;
  return page([
    notice('lambdas/domain/actions/next-step.ts'),
    '# Attempts at an action',
    '',
    'What an attempt does next: by what it has come to (columns) and what it has just observed (rows). Arrows are the states that',
    'are recorded. `–`: cannot be; the attempt starts over from what is stored. What is shown holds before the deadline, for a',
    'device and a source without problems.',
    '',
    '## A block, at a source that is reached directly',
    '',
    'An approval goes the same way. A removal is done when the record is gone.',
    '',
    ...table('block', [...blockReadings, ...readings, ...results], { titles: blockColumns, via: 'direct' }),
    '',
    '## A wipe, at a source that is reached directly',
    '',
    ...table('wipe', [...wipeReadings, ...readings, ...results, ...wipeResults], { titles: columns, via: 'direct' }),
    '',
    '## A block, at a source behind a relay',
    '',
    'The relay reads and writes; its result is the observation.',
    '',
    ...table(
      'block',
      [...relayResults, ...results.slice(1), ...readings.filter(({ observed }) => observed.saw !== 'other-device')],
      over,
    ),
  ]);
}
