/** A route that the OpenAPI document leaves out is noticed: each handler has its description beside it. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = 'lambdas/functions/api';
const files = readdirSync(folder).filter((file) => file.endsWith('-routes.ts'));
const count = (file: string, pattern: RegExp) => [...readFileSync(`${folder}/${file}`, 'utf8').matchAll(pattern)].length;

test.each(files)('every route is described: %s', (file) => {
  const described = count(file, /\.registerPath\(/g);
  expect(count(file, /\bapp\.(?:get|post|put|patch|delete|all|on)\(/g)).toBeLessThanOrEqual(described);
});
