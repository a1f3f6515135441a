/**
 * Goes through the checks in order. A check whose ground is broken is not tried: what it would find follows from that, and a
 * person is to see the one thing that has to be mended.
 */
import type { Finding, Verdict } from './finding.ts';

export type Check<P> = {
  id: string;
  /** What is looked at, for the left column. */
  name: string;
  /** Ids of earlier checks without which this one means nothing. */
  needs: readonly string[];
  /** More of them, as the patient is; asked once those above are well. */
  needsToo?(patient: P): readonly string[];
  look(patient: P): Finding | Promise<Finding>;
};
export type Examined = { id: string; name: string; verdict: Verdict; says: string; cure: string | null };

/** Yields each as soon as it is known. */
export async function* examine<P>(checks: readonly Check<P>[], patient: P): AsyncGenerator<Examined> {
  const failed = new Map<string, string>();
  const groundOf = (needs: readonly string[]) => needs.map((need) => failed.get(need)).find((found) => found !== undefined);
  for (const { id, name, needs, needsToo, look } of checks) {
    const ground = groundOf(needs) ?? groundOf(needsToo?.(patient) ?? []);
    if (ground !== undefined) {
      failed.set(id, ground);
      yield { id, name, verdict: 'not-tried', says: `not tried: ${ground} comes first`, cure: null };
      continue;
    }
    const found = await look(patient);
    if (found.verdict === 'broken') failed.set(id, name);
    yield { id, name, verdict: found.verdict, says: found.says, cure: found.verdict === 'broken' ? found.cure : null };
  }
}
