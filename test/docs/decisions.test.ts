/** Decision records are numbered without a gap, have one form, and are all in the index. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = 'docs/decisions';
const files = readdirSync(folder)
  .filter((file) => file !== 'README.md')
  .sort();
const text = (file: string): string => readFileSync(`${folder}/${file}`, 'utf8');
const numberOf = (file: string): number => Number(/^(\d{4})-/.exec(file)?.[1]);

/** Without its number. */
const titleOf = (file: string): string => /^# \d+\. (.+)$/.exec(text(file).split('\n', 1)[0] ?? '')?.[1] ?? '';

test('numbers are unique and consecutive from 1', () => {
  expect(files.map(numberOf)).toEqual(files.map((_, index) => index + 1));
});

test.each(files)('%s has its number and title, then What, Why and Consequences', (file) => {
  expect(text(file).split('\n', 1)[0]).toBe(`# ${numberOf(file)}. ${titleOf(file)}`);
  expect(titleOf(file)).not.toBe('');
  expect([...text(file).matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual(['What', 'Why', 'Consequences']);
});

test('every record is in the index, in order, by its title', () => {
  const rows = [...text('README.md').matchAll(/^\| (\d+) \| \[(.+?)\]\((.+?)\) \| .+ \|$/gm)];
  expect(rows.map(([, number, title, file]) => ({ number: Number(number), title, file }))).toEqual(
    files.map((file) => ({ number: numberOf(file), title: titleOf(file), file })),
  );
});
