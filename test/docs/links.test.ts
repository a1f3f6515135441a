/** Every relative link of the documentation leads to a file, and to a heading where it names one; every path named exists. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { anchorsOf, brokenLinks, linksOf, pages, pathsNamed } from './markdown.ts';

const read = (file: string): string => readFileSync(file, 'utf8');

test('every link within the repository leads somewhere', () => {
  expect(pages().length).toBeGreaterThan(40);
  expect(pages().flatMap((file) => brokenLinks(file, read(file)))).toEqual([]);
});

test('every source file that a page names exists', () => {
  const named = pages().flatMap((file) => pathsNamed(read(file)).map((path) => ({ file, path })));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ path }) => !existsSync(path))).toEqual([]);
});

test('a path in a code span counts, unless it is built or a pattern', () => {
  const text = 'See `lambdas/domain/x.ts`, `x.ts`, `relay/dist/relay.mjs`, `infra/*.ts`, and lambdas/y.ts.';
  expect(pathsNamed(text)).toEqual(['lambdas/domain/x.ts']);
});

test('broken links are found: missing files and headings, on any page', () => {
  const text = '# One\n[a](README.md) [b](gone.md) [c](#one) [d](#two)\n![e](docs/pictures/gone.png) [f](docs/rules.md#verdicts)';
  expect(brokenLinks('CONTRIBUTING.md', text)).toEqual([
    'CONTRIBUTING.md:2: gone.md does not exist',
    'CONTRIBUTING.md:2: #two is no heading',
    'CONTRIBUTING.md:3: docs/pictures/gone.png does not exist',
  ]);
});

test('links within code and to other sites are ignored', () => {
  const text = '`[a](gone.md)`\n```\n[b](gone.md)\n```\n[c](https://example.com/gone.md)';
  expect(brokenLinks('README.md', text)).toEqual([]);
  expect(linksOf(text)).toEqual([{ target: 'https://example.com/gone.md', line: 5 }]);
});

test('anchors are those of GitHub', () => {
  const text = '# A: `b` and *c*\n## What\n```\n# no heading\n```\n## [Link](x.md), twice\n## What';
  expect([...anchorsOf(text)]).toEqual(['a-b-and-c', 'what', 'link-twice', 'what-1']);
});
