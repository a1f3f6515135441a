import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { actionState } from '#domain/actions/action';
import { consequences } from '#domain/actions/failure-consequences';
import { failureKind } from '#domain/devices/source';
import { rules } from '#domain/quarantine/rules';
import { queueSpecs } from '#infra/cloud/function-specs';
import { actionAttemptsPage } from '#infra/docs/attempt-page';
import { configurationLimits } from '#infra/docs/configuration-limits';
import { constantOf } from '#infra/docs/constants';
import { errorsPage } from '#infra/docs/errors';
import { actionStatesPage, rulesPage } from '#infra/docs/rule-and-state-pages';
import { scalingPage } from '#infra/docs/scaling';

const inRepository = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test.each([
  ['docs/rules.md', rulesPage],
  ['docs/action-states.md', actionStatesPage],
  ['docs/errors.md', errorsPage],
  ['docs/scaling.md', scalingPage],
  ['docs/action-attempts.md', actionAttemptsPage],
] as const)('%s is current: run `npm run docs` where it is not', (path, page) => {
  expect(inRepository(path)).toBe(page());
});

test('every rule and every action state is on its page', () => {
  for (const { id, says } of rules) {
    expect(rulesPage()).toContain(`\`${id}\``);
    expect(rulesPage()).toContain(says);
  }
  for (const state of actionState.options) expect(actionStatesPage()).toContain(`| \`${state}\` |`);
});

test('every failure kind is on its page, with its consequence', () => {
  for (const kind of failureKind.options) {
    const { reading, writing } = consequences[kind];
    expect(errorsPage()).toContain(`| \`${kind}\` | \`${reading}\` | \`${writing}\` |`);
  }
});

test('every queue is on the page of scaling, with its batch size and workers', () => {
  for (const [queue, { worker, batchSize, maximumConcurrency, fifo }] of Object.entries(queueSpecs)) {
    const order = fifo ? 'per group' : 'no';
    expect(scalingPage()).toContain(`| \`${queue}\` | \`${worker}\` | ${order} | ${batchSize} | ${maximumConcurrency} |`);
  }
});

test('limits of the configuration are those of its schema', () => {
  const limits = new Map(configurationLimits().map(({ option, ...rest }) => [option, rest]));
  expect(limits.get('sources')).toMatchObject({ range: '1 to 90' });
  expect(limits.get('sources[].concurrency')).toMatchObject({ usual: '16', range: '1 to 64' });
  expect(limits.get('guard.maxDevices')).toMatchObject({ usual: '50', range: 'from 0' });
});

test('numbers are read from source files, and missing ones are errors', () => {
  expect(constantOf('lambdas/domain/gather/manifest.ts', 'targetPerShard')).toBe(6000);
  expect(constantOf('lambdas/adapters/dynamodb/gather/runs.ts', 'keptSeconds')).toBe(30 * 24 * 3600);
  expect(() => constantOf('lambdas/domain/gather/manifest.ts', 'noSuchConstant')).toThrow('has no constant noSuchConstant');
});
