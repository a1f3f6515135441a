import { isDeepStrictEqual } from 'node:util';
import type { Device } from '#domain/devices/device';
import type { Verdict } from '#domain/quarantine/decide';

/** Whether the stored verdict is the same in rule and facts. Its time and settings version do not matter. */
export function isSameVerdict({ verdict: stored, match }: Device, decided: Verdict): boolean {
  if (stored === null || match === null) return false;
  const { verdict, rule, evidence, wouldChange, client } = decided;
  return (
    (stored.client ?? client) === client &&
    stored.verdict === verdict &&
    stored.rule === rule &&
    stored.evidence === evidence &&
    stored.wouldChange === wouldChange &&
    isDeepStrictEqual(match, decided.match)
  );
}
