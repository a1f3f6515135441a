import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RuntimeConfiguration, runtimeConfiguration } from '#domain/configuration';
import { type FunctionName, functionVariables } from '#domain/environment';
import { bundleFunctions } from '#infra/cloud/bundle';
import type { Bundles } from '#infra/cloud/service-stack';
import { oneSource } from './templates.ts';

const builtin = new Set(builtinModules);
const directory = mkdtempSync(join(tmpdir(), 'traveler-extender-bundles-'));
const configuration: RuntimeConfiguration = runtimeConfiguration.parse(oneSource);
const names = Object.keys(functionVariables) as FunctionName[];
let bundles: Bundles;
beforeAll(async () => {
  bundles = await bundleFunctions(configuration, { directory });
});
afterAll(() => rmSync(directory, { recursive: true }));

const codeOf = (name: FunctionName) => join(bundles[name], 'index.mjs');

describe('what is deployed as a function', () => {
  test.each(names)('%s is one file under 1 MB', (name) => {
    expect(statSync(codeOf(name)).size).toBeLessThan(1_000_000);
    expect(readdirSync(bundles[name]).filter((file) => /\.m?js$/.test(file))).toEqual(['index.mjs']);
  });

  test.each(names)('%s needs nothing but what Node brings', (name) => {
    const imported = [
      ...readFileSync(codeOf(name), 'utf8').matchAll(/\bfrom\s?["']([^"'\n]+)["']|\bimport\s?["']([^"'\n]+)["']/g),
    ];
    const foreign = imported.map(([, from, bare]) => from ?? bare ?? '').filter((module) => /^[@a-z]/.test(module));
    expect(foreign.filter((module) => !module.startsWith('node:') && !builtin.has(module))).toEqual([]);
  });

  test.each(names.filter((name) => name !== 'console'))('%s finds the configuration beside its code', (name) => {
    expect(runtimeConfiguration.parse(JSON.parse(readFileSync(join(bundles[name], 'configuration.json'), 'utf8')))).toEqual(
      configuration,
    );
  });

  test('the console, open to anyone, carries its page and not the configuration', () => {
    expect(existsSync(join(bundles.console, 'assets/index.html'))).toBe(true);
    expect(existsSync(join(bundles.console, 'configuration.json'))).toBe(false);
  });
});

test('making the bundles again leaves nothing of before', async () => {
  const again = await bundleFunctions(configuration, { directory });
  expect(again).toEqual(bundles);
  expect(readdirSync(directory).sort()).toEqual([...names].sort());
});
