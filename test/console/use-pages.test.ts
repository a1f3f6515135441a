/** Pages of a list in the console: joined in their order, as many as the reader asked for. */
import { expect, test } from 'vitest';
import { joinedPages } from '../../lambdas/console/src/use-pages.ts';

type Numbers = { items: number[]; cursor: string | null };
const pages: Record<string, Numbers> = {
  '': { items: [1, 2], cursor: 'second' },
  second: { items: [3], cursor: 'third' },
  third: { items: [4], cursor: null },
};
async function readPage(cursor: string): Promise<Numbers> {
  const found = pages[cursor];
  if (!found) throw new Error(`no page ${cursor}`);
  return found;
}
const join = (before: Numbers, next: Numbers) => ({ items: [...before.items, ...next.items], cursor: next.cursor });

test('only as many pages are read as requested, and the cursor continues', async () => {
  expect(await joinedPages(readPage, { join, most: 1 })).toEqual({ items: [1, 2], cursor: 'second' });
  expect(await joinedPages(readPage, { join, most: 2 })).toEqual({ items: [1, 2, 3], cursor: 'third' });
});

test('the last page ends the list', async () => {
  expect(await joinedPages(readPage, { join, most: 10 })).toEqual({ items: [1, 2, 3, 4], cursor: null });
});
