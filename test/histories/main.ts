/**
 * `npm run histories -- --count 1000 --seed 1`: random histories of actions, each against the reference. Ends with the seed of
 * the first that differs. `--seed N --count 1` repeats one.
 */
import { parseArgs } from 'node:util';
import { startSpine } from '#test/fixtures/spine';
import { runHistory } from './history.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    'keep-going': { type: 'boolean' },
  },
});
const [count, first] = [Number(values.count), Number(values.seed)];
const spine = await startSpine({ settings: { requireApproval: 'off' }, isolated: true });
const total = { requests: 0, kills: 0, effects: 0 };
let differing = 0;
try {
  for (let seed = first; seed < first + count; seed++) {
    try {
      const totals = await runHistory(spine, seed);
      for (const key of ['requests', 'kills', 'effects'] as const) total[key] += totals[key];
    } catch (error) {
      differing += 1;
      process.exitCode = 1;
      console.log(error instanceof Error ? error.message : error);
      if (!values['keep-going']) break;
    }
    if ((seed - first + 1) % 20 === 0)
      console.log(`${seed - first + 1} histories, ${JSON.stringify(total)}, ${differing} differing`);
  }
} finally {
  await spine.stop();
}
console.log(`From seed ${first}: ${JSON.stringify(total)}, ${differing} differing`);
