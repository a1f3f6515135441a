/** Who may import whom, and what the domain may touch: the boundaries that make the rest testable. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const areas = [
  'lambdas/domain',
  'lambdas/adapters',
  'lambdas/use-cases',
  'lambdas/functions',
  'lambdas/console',
  'infra/cloud',
  'infra/emulator',
  'infra/cli',
  'infra/local',
  'infra/simulators',
  'infra/docs',
  'infra',
  'relay',
] as const;
type Area = (typeof areas)[number];

/**
 * The areas that each may import besides itself. Of the adapters, the relay may use only the one for Traveler, and the cloud's
 * stacks only the two files that say what tables and indexes there are.
 */
const arrows: Record<Area, readonly string[]> = {
  'lambdas/domain': [],
  'lambdas/adapters': ['lambdas/domain'],
  'lambdas/use-cases': ['lambdas/domain', 'lambdas/adapters'],
  'lambdas/functions': ['lambdas/domain', 'lambdas/adapters', 'lambdas/use-cases'],
  // The figures that it shows of the bench are those of its page.
  'lambdas/console': ['lambdas/domain', 'docs/bench.md?raw'],
  relay: [
    'lambdas/domain',
    'lambdas/adapters/traveler',
    // How devices are hashed and statements signed is the same on both ends.
    'lambdas/adapters/fingerprint',
    'lambdas/adapters/relay-identity',
    // For its version.
    'package.json',
  ],
  'infra/cloud': ['lambdas/domain', 'lambdas/adapters/dynamodb/table-definitions', 'lambdas/adapters/dynamodb/keys'],
  'infra/simulators': ['lambdas/domain'],
  'infra/docs': ['lambdas/domain', 'relay/configuration/schema'],
  'infra/emulator': ['lambdas/domain', 'lambdas/adapters', 'infra/local'],
  'infra/cli': ['lambdas/domain', 'infra/local'],
  'infra/local': ['lambdas/domain', 'lambdas/adapters', 'infra'],
  // The package brings the unit that `relay service install` writes elsewhere.
  infra: ['lambdas/domain', 'infra', 'relay/service', 'package.json'],
};
const aliases: Record<string, string> = {
  '#domain/': 'lambdas/domain/',
  '#adapters/': 'lambdas/adapters/',
  '#functions/': 'lambdas/functions/',
  '#use-cases/': 'lambdas/use-cases/',
  '#infra/': 'infra/',
  '#test/': 'test/',
};

const comments = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;
const imports =
  /(?<!['"`])(?:\bimport|\bexport)\b(?:[\s\w{},*$]*?\bfrom)?\s*['"]([^'"\n]+)['"]|\bimport\s*\(\s*['"`]([^'"`\n]+)['"`]/g;

function importsOf(source: string): string[] {
  return [...source.replace(comments, '').matchAll(imports)].map((found) => found[1] ?? found[2] ?? '');
}

/** A path from the root for our own files (`lambdas/domain/device`), null for a package. */
function resolve(file: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier);
  const alias = Object.keys(aliases).find((prefix) => specifier.startsWith(prefix));
  return alias ? `${aliases[alias]}${specifier.slice(alias.length)}` : null;
}

const isWithin = (path: string, folder: string) =>
  path === folder || path.startsWith(`${folder}/`) || path.startsWith(`${folder}.`);
const areaOf = (file: string): Area | undefined => areas.find((area) => isWithin(file, area));

/** One sentence per import that breaks the rule. */
function wrongArrows(file: string, source: string): string[] {
  const area = areaOf(file);
  if (!area) return [];
  return importsOf(source).flatMap((specifier) => {
    const target = resolve(file, specifier);
    if (target === null)
      return area === 'lambdas/domain' && specifier !== 'zod'
        ? [`${file} imports ${specifier}: the domain imports only zod`]
        : [];
    const allowed = [area, ...arrows[area]].some((folder) => isWithin(target, folder));
    return allowed ? [] : [`${file} imports ${target}`];
  });
}

const forbidden: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\./, 'the clock'],
  [/\bMath\.random\b|\bcrypto\b|\brandomUUID\b/, 'randomness'],
  [/\bprocess\s*[.[]|\bimport\.meta\b|\bglobalThis\b/, 'the environment'],
  [/\bconsole\s*[.[]/, 'a logger'],
  [/\bfetch\(|\bsetTimeout\b|\bsetInterval\b|\bqueueMicrotask\b|\basync\b|\bawait\b|\bPromise\b/, 'anything outside itself'],
];

/** What a file of the domain touches that it must not. Text in quotes is no code. */
function impurities(source: string): string[] {
  const code = source.replace(comments, '').replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");
  return forbidden.filter(([pattern]) => pattern.test(code)).map(([, what]) => what);
}

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(node_modules|dist)\//.test(file));
}
const existing = ['lambdas', 'infra', 'relay'].filter((folder) => readdirSync(root).includes(folder));
const files = existing.flatMap(filesIn).map((file) => [file, readFileSync(join(root, file), 'utf8')] as const);
const domain = files.filter(([file]) => isWithin(file, 'lambdas/domain'));

test('every import follows the arrows: domain, adapters, functions, and never back', () => {
  expect(files.flatMap(([file, source]) => wrongArrows(file, source))).toEqual([]);
});

test('no product file imports a test', () => {
  const targets = files.flatMap(([file, source]) =>
    importsOf(source).map((specifier) => [file, resolve(file, specifier)] as const),
  );
  expect(targets.filter(([, target]) => target !== null && isWithin(target, 'test'))).toEqual([]);
});

test('the domain reads no clock, no randomness, no environment, and logs nothing', () => {
  expect(domain.length).toBeGreaterThan(10);
  expect(domain.flatMap(([file, source]) => impurities(source).map((what) => `${file} touches ${what}`))).toEqual([]);
});

describe('the check itself', () => {
  test.each([
    ['lambdas/domain/a.ts', "import { x } from '#adapters/dynamodb/keys';"],
    ['lambdas/domain/a.ts', "import {\n  x,\n} from '../adapters/queues.ts';"],
    ['lambdas/domain/a.ts', "import fs from 'node:fs';"],
    ['lambdas/domain/a.ts', "export * from '#functions/act/act';"],
    ['lambdas/domain/a.ts', "const x = await import('undici');"],
    ['lambdas/domain/a.ts', "import 'undici';"],
    ['lambdas/adapters/a.ts', "import type { X } from '#functions/gather/gather';"],
    ['infra/local/a.ts', "import { handler } from '#functions/act/handler';"],
    ['infra/local/a.ts', "import { handler } from '../../lambdas/functions/act/handler.ts';"],
    ['infra/cloud/a.ts', "import { sqsQueue } from '#adapters/queues';"],
    ['relay/a.ts', "import { keys } from '#adapters/dynamodb/keys';"],
  ])('finds what is wrong in %s: %s', (file, source) => {
    expect(wrongArrows(file, source)).toHaveLength(1);
  });

  test.each([
    [
      'lambdas/domain/a.ts',
      "import { z } from 'zod';\nimport type { Device } from '#domain/devices/device';\n// import x from 'node:fs'",
    ],
    ['lambdas/functions/a/handler.ts', "import { x } from '#adapters/queues';\nimport { y } from './a.ts';"],
    ['relay/a.ts', "import { x } from '#adapters/traveler/devices';"],
  ])('finds nothing wrong in %s: %s', (file, source) => {
    expect(wrongArrows(file, source)).toEqual([]);
  });

  test.each([
    'const at = Date.now();',
    'const at = new Date();',
    'const x = Math.random();',
    'const x = process.env.X;',
    'console.log(x);',
    'setTimeout(x, 1);',
    'export async function x() {}',
  ])('finds the impurity in: %s', (source) => {
    expect(impurities(source)).toHaveLength(1);
  });

  test('takes neither words in comments and texts nor a date made of a given number for impurities', () => {
    expect(impurities("/** Date.now() */ const text = 'process.env'; const at = new Date(given).toISOString();")).toEqual([]);
  });
});
