import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Spine, startSpine } from '#test/fixtures/spine';
import { allRows, runRow } from './rows.ts';

let spine: Spine;
beforeAll(async () => {
  spine = await startSpine({ settings: { requireApproval: 'off' }, isolated: true });
});
afterAll(() => spine.stop());

/** All of them: `EACH_ROW=1`. */
const each = Number(process.env.EACH_ROW ?? 31);

test('requests in a row take effect in order, without superseded ones', async () => {
  const first = Math.floor(Math.random() * each);
  const rows = allRows.filter((row, nth) => nth % each === first || overtaken(row));
  for (const row of rows) {
    const { log, allowed } = await runRow(spine, row);
    expect(allowed, `${JSON.stringify(row)} from ${first}`).toContain(log);
  }
}, 900_000);

/** When the last of these has overtaken the first. */
const overtaken = ({ before, wiped, row }: (typeof allRows)[number]): boolean =>
  wiped && before.length === 1 && ['approve wipe cancel-wipe', 'remove wipe cancel-wipe'].includes(row.join(' '));
