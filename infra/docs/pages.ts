/** The pages of the documentation that are made from what the product does: rules and action states. Pure: text from data. */
import { type ActionState, actionState } from '#domain/actions/action';
import { actionEvents, finalStates, transitions } from '#domain/actions/transitions';
import { rules } from '#domain/quarantine/rules';
import { head, notice, page, row } from './markdown.ts';

/** docs/rules.md */
export function rulesPage(): string {
  return page([
    notice('lambdas/domain/quarantine/rules.ts'),
    '# Auto-Quarantine rules',
    '',
    'Each device gets one verdict: the first rule in this list that applies decides. The verdict is shown with the rule, the',
    'facts that it used, and what would change it.',
    '',
    ...head('#', 'Rule', 'Applies when', 'Verdict'),
    ...rules.map(({ id, says, gives }, index) => row(String(index + 1), `\`${id}\``, says, gives)),
    '',
    '## Verdicts',
    '',
    ...head('Verdict', 'What is done'),
    row('approve', 'A device that waits, or that we barred ourselves, is approved; any other is left as it is.'),
    row('hold', 'The device waits. Where the server cannot keep it waiting, we block it, and show it as held.'),
    row('block', 'The device is denied, unless it is denied already.'),
    row('leave', 'Nothing.'),
    row('undetermined', 'Nothing: it is counted and shown with the reason, until more is known or a person decides.'),
    '',
    'What the server shows as unknown is never taken for approval, access or denial: nothing is approved or blocked on the',
    'strength of it.',
  ]);
}

/** docs/action-states.md */
export function actionStatesPage(): string {
  return page([
    notice('lambdas/domain/actions/transitions.ts'),
    '# Action states',
    '',
    'An action goes through these states. What a row does not list is refused in that state, and recorded.',
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
