/**
 * Random histories of actions against the reference: the server's own log of writes says each effect once, in order, none
 * missing, and no wipe hits a phone that was set up again. Many more: `npm run histories -- --count 10000`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Spine, startSpine } from '#test/fixtures/spine';
import { runHistory } from './history.ts';
import { ask, newPhone, phoneWiped, rest, setUpAgain } from './reference.ts';

let spine: Spine;
beforeAll(async () => {
  spine = await startSpine({ settings: { requireApproval: 'off' }, isolated: true });
});
afterAll(() => spine.stop());

test("after any requests, repeats, kills and faults, the server's log matches the reference", async () => {
  const first = Number(process.env.SEED ?? 1 + Math.floor(Math.random() * 1_000_000));
  const total = { requests: 0, kills: 0, effects: 0 };
  for (let seed = first; seed < first + 4; seed++) {
    const { requests, kills, effects } = await runHistory(spine, seed);
    total.requests += requests;
    total.kills += kills;
    total.effects += effects;
  }
  for (const count of Object.values(total)) expect(count).toBeGreaterThan(0);
}, 180_000);

test('the reference supersedes approvals, puts wipes first, and spares phones set up again', () => {
  const phone = { ...newPhone(), canWipe: true };
  const asked = (...types: Parameters<typeof ask>[1]['type'][]) =>
    types.reduce((world, type, nth) => ask(world, { id: `${nth}`, type }), phone);
  const logs = (world: typeof phone, inOrder: boolean) => rest(world, { inOrder }).map(({ log }) => log.join(' '));
  expect(logs(asked('approve', 'block'), false)).toEqual(['block']);
  expect(logs(asked('block', 'wipe'), true)).toEqual(['wipe']);
  expect(rest(phoneWiped(rest(asked('block', 'wipe'), { inOrder: true })[0] ?? phone), { inOrder: true })[0]?.log).toEqual([
    'wipe',
    'block',
  ]);
  expect(logs(asked('remove', 'approve'), true)).toEqual(['remove']);
  expect(logs(asked('remove', 'approve'), false)).toEqual(['remove', 'approve remove']);
  expect(logs(asked('wipe', 'cancel-wipe'), true)).toEqual(['']);
  const afterSetUp = setUpAgain(asked('wipe'), { unnoticed: true });
  expect(afterSetUp.flatMap((world) => logs(world, false))).toEqual(['']);
});
