/** The pages on rules and action states, generated from the tables of the code. Pure: text from data. */
import { type ActionState, actionState } from '#domain/actions/action';
import { actionEvents, finalStates, transitions } from '#domain/actions/transitions';
import { rules } from '#domain/quarantine/rules';
import { head, notice, page, row } from './page.ts';

/** docs/rules.md */
export function rulesPage(): string {
  return page([
    notice('lambdas/domain/quarantine/rules.ts'),
    '# Auto-Quarantine rules',
    '',
    'Each device gets one verdict: the first rule in this list that applies decides. The verdict is shown with the rule, the',
    'facts that it used, and what would change it. Terms: [glossary](glossary.md).',
    '',
    ...head('#', 'Rule', 'Applies when', 'Verdict'),
    ...rules.map(({ id, says, gives }, index) => row(String(index + 1), `\`${id}\``, says, gives)),
    '',
    '## Verdicts',
    '',
    ...head('Verdict', 'What is done'),
    row('approve', 'A device that waits, or that we blocked ourselves, is approved. Nothing is written for any other.'),
    row('hold', 'The device waits for approval. Where the server cannot keep it waiting, we block it, and show it as waiting.'),
    row('block', 'The device is denied access, unless it is denied already.'),
    row('leave', 'Nothing.'),
    row('undetermined', 'Nothing. It is counted and shown with the reason, until more is known or a person decides.'),
    '',
    'What the server shows as unknown never counts as approval, access or denial: no device is approved or blocked because of it.',
  ]);
}

/** docs/action-states.md */
export function actionStatesPage(): string {
  return page([
    notice('lambdas/domain/actions/transitions.ts'),
    '# Action states',
    '',
    'An action goes through these states. A transition that is not listed is rejected and recorded. Terms: [glossary](glossary.md#states-of-an-action).',
    '',
    ...head('State', 'What can happen, and what it becomes'),
    ...actionState.options.map((state) => row(`\`${state}\``, movesOf(state))),
    '',
    '## What can happen',
    '',
    ...head('Event', 'Meaning'),
    ...Object.entries(actionEvents).map(([event, says]) => row(`\`${event}\``, says)),
  ]);
}

function movesOf(state: ActionState): string {
  if (finalStates.includes(state)) return 'final';
  return Object.entries(transitions[state])
    .map(([event, to]) => `${event} → \`${to}\``)
    .join(', ');
}
