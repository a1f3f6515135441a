/**
 * `npm run relay-chaos -- --seeds 20 --from 1`: random faults between cloud and relays, two seeds in parallel. Exits with code 1 and
 * lists what was wrong, if anything was.
 */
import { parseArgs } from 'node:util';
import { startChaos } from './chaos.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    from: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '2' },
  },
});
const [count, first, lanes] = [Number(values.seeds), Number(values.from), Number(values.lanes)];
const chaos = await startChaos({ lanes });
try {
  for (let seed = first; seed < first + count; seed += lanes) {
    const seeds = Array.from({ length: Math.min(lanes, first + count - seed) }, (_, lane) => seed + lane);
    for (const { wrong, ...result } of await chaos.live(seeds)) {
      console.log(JSON.stringify(result));
      for (const one of wrong) console.log(`  WRONG ${one}`);
      if (wrong.length > 0) process.exitCode = 1;
    }
  }
} finally {
  await chaos.stop();
}
