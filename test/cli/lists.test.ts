/** Lists on the command line: read page by page to the end, or with a line that says there are more. */
import { expect, test } from 'vitest';
import { firstOf } from '#infra/cli/api-pages';
import { showBulk } from '#infra/cli/bulk';
import { showLetters } from '#infra/cli/dlq';
import { showDevice } from '#infra/cli/format-answers';

const pages: Record<string, { items: number[]; cursor: string | null }> = {
  '': { items: [1, 2], cursor: 'second' },
  second: { items: [], cursor: 'third' },
  third: { items: [3], cursor: null },
};
async function readPage(cursor: string) {
  const found = pages[cursor];
  if (!found) throw new Error(`no page ${cursor}`);
  return found;
}
const itemsOf = ({ items }: { items: number[] }) => items;

test('a list is read to its end, over pages without items', async () => {
  expect(await firstOf(readPage, { itemsOf })).toEqual({ items: [1, 2, 3], more: false });
});

test('a truncated list says that there are more', async () => {
  expect(await firstOf(readPage, { itemsOf, most: 1 })).toEqual({ items: [1], more: true });
  expect(await firstOf(readPage, { itemsOf, most: 2 })).toEqual({ items: [1, 2], more: true });
  expect(await firstOf(readPage, { itemsOf, most: 3 })).toEqual({ items: [1, 2, 3], more: false });
});

test('dead letters that are not shown are counted', () => {
  const letter = {
    id: 'm',
    sentAt: '2026-03-01T08:00:00Z',
    receives: 4,
    about: 'an event',
    because: 'x',
    remedy: 'y',
    body: '{}',
  };
  expect(showLetters({ messages: [letter], inQueue: 30 })).toContain('1 of about 30 messages');
  expect(showLetters({ messages: [letter], inQueue: 1 })).not.toContain('about 1 ');
});

test('refusals of a bulk that are not listed are counted', () => {
  const one = {
    bulkId: 'b',
    actions: 500,
    ended: 500,
    staged: 0,
    states: {},
    refused: 120,
    estimatedEnd: null,
    cancelledAt: null,
  };
  const refusals = Array.from({ length: 100 }, (_, nth) => ({ actionId: `a${nth}`, because: 'no such device' }));
  expect(showBulk({ ...one, refusals })).toContain('and 20 more');
  expect(showBulk({ ...one, refused: 100, refusals })).not.toContain('more');
});

test('a device with a longer timeline says so', () => {
  const device = {
    sourceId: 's',
    user: 'u',
    deviceId: 'd',
    client: 'other',
    approval: 'unset',
    access: 'allow',
    state: 'present',
  };
  const shown = { ...device, verdict: null, rule: null, evidence: null, timeline: [] };
  expect(showDevice({ ...shown, cursor: 'more' })).toContain('older lines');
  expect(showDevice({ ...shown, cursor: null })).not.toContain('older lines');
});
