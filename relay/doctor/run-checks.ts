/**
 * Runs the checks in order. A check that depends on a failed one is not tried: its result would follow from that, and a person
 * should see the one thing that needs fixing.
 */
import { broken, type Finding, type Verdict } from './finding.ts';

export type Check<P> = {
  id: string;
  /** What is checked, for the left column. */
  name: string;
  /** Ids of earlier checks without which this one is meaningless. */
  needs: readonly string[];
  /** More of them, depending on the context; evaluated once those above are healthy. */
  needsToo?(context: P): readonly string[];
  run(context: P): Finding | Promise<Finding>;
};
export type CheckResult = { id: string; name: string; verdict: Verdict; says: string; cure: string | null };

/** Each step has its own, much shorter limit. A tool that finds what hangs must not hang itself. */
const maxCheckMs = 120_000;

/** Yields each result as soon as it is known. */
export async function* runChecks<P>(
  checks: readonly Check<P>[],
  context: P,
  { longestMs = maxCheckMs }: { longestMs?: number } = {},
): AsyncGenerator<CheckResult> {
  const failed = new Map<string, string>();
  const failedAmong = (needs: readonly string[]) => needs.map((need) => failed.get(need)).find((found) => found !== undefined);
  for (const { id, name, needs, needsToo, run } of checks) {
    const failedNeed = failedAmong(needs) ?? failedAmong(needsToo?.(context) ?? []);
    if (failedNeed !== undefined) {
      failed.set(id, failedNeed);
      yield { id, name, verdict: 'not-tried', says: `not tried: ${failedNeed} comes first`, cure: null };
      continue;
    }
    const found = await withinTime(run(context), longestMs);
    if (found.verdict === 'broken') failed.set(id, name);
    yield { id, name, verdict: found.verdict, says: found.says, cure: found.verdict === 'broken' ? found.cure : null };
  }
}

async function withinTime(pending: Finding | Promise<Finding>, ms: number): Promise<Finding> {
  const over = Promise.withResolvers<Finding>();
  const tooLong = broken(
    `it did not come to an end within ${Math.round(ms / 1000)} s`,
    'Run relay doctor again. If it stops here again, what this line is about accepts a connection and then falls silent: look there first.',
  );
  const timer = setTimeout(() => over.resolve(tooLong), ms);
  try {
    return await Promise.race([pending, over.promise]);
  } finally {
    clearTimeout(timer);
  }
}
