/** Formats a finding for the terminal. */

import type { Verdict } from './finding.ts';
import type { CheckResult } from './run-checks.ts';

const signs: Record<Verdict, string> = { well: '✓', broken: '✗', noted: '–', 'not-tried': '–' };
const width = 18;
const indent = ' '.repeat(width + 3);

export function lineOf({ name, verdict, says, cure }: CheckResult): string {
  const text = says.replaceAll('\n', `\n${indent}`);
  return `${signs[verdict]} ${name.padEnd(width)} ${text}${cure === null ? '' : `\n${indent}→ ${cure}`}`;
}

/** The report as JSON. `broken`: the id of what to fix first. */
export function reportOf(found: readonly CheckResult[]) {
  const broken = found.find(({ verdict }) => verdict === 'broken')?.id ?? null;
  return { well: broken === null, broken, checks: found };
}

/** The last line: what to fix first. */
export function verdictOf(found: readonly CheckResult[]): string {
  const broken = found.filter(({ verdict }) => verdict === 'broken');
  const [first, ...others] = broken;
  if (first === undefined) return '\nNothing is broken.';
  const more = others.length === 0 ? '' : ` (then: ${others.map(({ name }) => name).join(', ')})`;
  return `\nBroken: ${first.name}${more}. ${first.cure}`;
}
