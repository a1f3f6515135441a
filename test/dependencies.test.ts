/** The page of dependencies and package.json agree. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const names = z.record(z.string(), z.string()).default({});
const manifest = z
  .object({ dependencies: names, devDependencies: names, optionalDependencies: names })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));
const page = readFileSync('docs/dependencies.md', 'utf8');

/** The package names in the first cells of the tables. */
function explained(text: string): Set<string> {
  const cells = [...text.matchAll(/^\| ([^|]+) \|/gm)]
    .map((found) => found[1] ?? '')
    .filter((cell) => cell !== 'package' && !cell.startsWith('-'));
  return new Set(cells.flatMap((cell) => cell.split(', ')).map((name) => name.trim()));
}

const installed = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies });
const listed = explained(page);

test('every dependency is justified', () => {
  expect(installed.filter((name) => !listed.has(name) && !name.startsWith('@types/'))).toEqual([]);
});

test('nothing is justified that is not installed', () => {
  expect([...listed].filter((name) => !installed.includes(name) && name !== '@types/*')).toEqual([]);
});

test('every version is pinned exactly', () => {
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});
