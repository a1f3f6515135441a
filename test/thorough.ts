/** `npm run thorough -- --scale 10`: the tests that try random cases, with that many times the cases of `npm test`. */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const { scale } = z
  .object({ scale: z.coerce.number().int().min(1).max(1000) })
  .parse(parseArgs({ options: { scale: { type: 'string', default: '10' } } }).values);

/** The number of cases that each test tries by default; its variable overrides it. */
const cases = { FUZZED: 1_000, PLAN_RUNS: 12, SNAPSHOT_ENROLMENTS: 2_000 } as const;
const files = [
  'test/functions/portal-events/fuzz.test.ts',
  'test/functions/portal-events/large-snapshot.test.ts',
  'test/use-cases/plan/plan-is-publish.test.ts',
];
const env = {
  ...process.env,
  ...Object.fromEntries(Object.entries(cases).map(([name, count]) => [name, String(count * scale)])),
};
const run = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--testTimeout', '3600000', ...files], {
  env,
  stdio: 'inherit',
});
process.exitCode = run.status ?? 1;
