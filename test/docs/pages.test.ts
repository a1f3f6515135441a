import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { actionState } from '#domain/actions/action';
import { rules } from '#domain/quarantine/rules';
import { actionAttemptsPage } from '#infra/docs/attempt-page';
import { actionStatesPage, rulesPage } from '#infra/docs/pages';

const inRepository = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test.each([
  ['docs/rules.md', rulesPage],
  ['docs/action-states.md', actionStatesPage],
  ['docs/action-attempts.md', actionAttemptsPage],
] as const)('%s is current: run `npm run docs` where it is not', (path, page) => {
  expect(inRepository(path)).toBe(page());
});

test('every rule and every state of an action is on its page', () => {
  for (const { id, says } of rules) {
    expect(rulesPage()).toContain(`\`${id}\``);
    expect(rulesPage()).toContain(says);
  }
  for (const state of actionState.options) expect(actionStatesPage()).toContain(`| \`${state}\` |`);
});
