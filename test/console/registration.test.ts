/** A page of the console that has no route is noticed. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const source = 'lambdas/console/src';

test('every page is imported by the table of routes', () => {
  const app = readFileSync(`${source}/app.tsx`, 'utf8');
  const files = readdirSync(`${source}/pages`);
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((file) => !app.includes(`'./pages/${file}'`))).toEqual([]);
});
