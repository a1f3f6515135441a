/** Which of the decisions by people and portal rules stands for a device now. */
import type { Decision } from '#domain/decision';

const none: ReadonlyMap<string, Decision> = new Map();

/** By device id: the newest that is neither expired at `now` nor withdrawn; at the same instant, the block. */
export function standingDecisions(decisions: readonly Decision[], now: number): ReadonlyMap<string, Decision> {
  if (decisions.length === 0) return none;
  const standing = new Map<string, Decision>();
  for (const decision of decisions) {
    if (decision.withdrawnAt !== undefined || (decision.expiresAt ?? Number.POSITIVE_INFINITY) <= now) continue;
    const other = standing.get(decision.deviceId);
    if (!other || countsOver(decision, other)) standing.set(decision.deviceId, decision);
  }
  return standing;
}

function countsOver(one: Decision, other: Decision): boolean {
  if (one.at !== other.at) return one.at > other.at;
  if (one.decided !== other.decided) return one.decided === 'block';
  return one.decisionId < other.decisionId;
}
