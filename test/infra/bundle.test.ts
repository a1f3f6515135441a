import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RuntimeConfiguration, runtimeConfiguration } from '#domain/runtime/configuration';
import { type FunctionName, functionVariables } from '#domain/runtime/environment';
import { bundleFunctions } from '#infra/cloud/bundle';
import type { Bundles } from '#infra/cloud/function-factory';
import { everything } from './templates.ts';

const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'traveler-extender-bundles-'));
const configuration: RuntimeConfiguration = runtimeConfiguration.parse(everything);
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

  test.each(names)('%s starts outside the repository, with only its environment and configuration', async (name) => {
    const environment = Object.fromEntries(
      functionVariables[name].map((key) => [key, key === 'DEAD_LETTERS' ? '{}' : 'https://example.com/it']),
    );
    const script = `const { handler } = await import(${JSON.stringify(pathToFileURL(codeOf(name)).href)}); console.log(typeof handler)`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: directory,
      env: { AWS_REGION: 'us-east-1', ...environment },
    });
    expect(stdout.trim()).toBe('function');
  });

  test.each(names.filter((name) => name !== 'console' && name !== 'sign-in'))(
    '%s finds the configuration beside its code',
    (name) => {
      expect(runtimeConfiguration.parse(JSON.parse(readFileSync(join(bundles[name], 'configuration.json'), 'utf8')))).toEqual(
        configuration,
      );
    },
  );

  test('the console, open to anyone, carries its page and not the configuration', () => {
    expect(existsSync(join(bundles.console, 'assets/index.html'))).toBe(true);
    expect(existsSync(join(bundles.console, 'configuration.json'))).toBe(false);
    // Lambda runs as another user than the one who made the bundle.
    expect(statSync(join(bundles.console, 'assets')).mode & 0o005).toBe(0o005);
  });
});

test('rebuilding the bundles leaves nothing of the earlier ones', async () => {
  const again = await bundleFunctions(configuration, { directory });
  expect(again).toEqual(bundles);
  expect(readdirSync(directory).sort()).toEqual([...names].sort());
});
