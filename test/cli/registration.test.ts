/** A command that is not registered is noticed. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('every file of commands is in the list of the program', () => {
  const main = readFileSync('infra/cli/main.ts', 'utf8');
  const [, list = ''] = /const addCommands.*= \[([^\]]*)\]/.exec(main) ?? [];
  const exported = readdirSync('infra/cli').flatMap((file) =>
    [...readFileSync(`infra/cli/${file}`, 'utf8').matchAll(/^export (?:function|const) (add\w+Commands?)\b/gm)].map(
      ([, name]) => name ?? '',
    ),
  );
  expect(exported.length).toBeGreaterThan(5);
  expect(exported.filter((name) => !list.includes(`${name},`))).toEqual([]);
});
