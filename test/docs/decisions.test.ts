/** The index of decisions names each of them, by its title. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = 'docs/decisions';
const title = (file: string) => (readFileSync(`${folder}/${file}`, 'utf8').split('\n', 1)[0] ?? '').replace(/^#\s*/, '').trim();

test('every decision stands in the index, by its title', () => {
  const index = readFileSync(`${folder}/README.md`, 'utf8');
  const files = readdirSync(folder).filter((file) => file !== 'README.md');
  expect(files.filter((file) => !index.includes(`- [${title(file)}](${file})`))).toEqual([]);
  expect(index.match(/^- \[/gm)).toHaveLength(files.length);
});
