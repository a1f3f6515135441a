/** Which decision by a person or portal rule is in effect for a device, and the timeline lines of decisions. */

import type { TimelineEntry } from '#domain/journal/timeline';
import type { Decision, Withdrawal } from '#domain/quarantine/decision';
import { moment } from '#domain/time/moment';

const none: ReadonlyMap<string, Decision> = new Map();

/** By device id: the newest that is neither expired at `now` nor withdrawn; at the same instant, the block. */
export function standingDecisions(decisions: readonly Decision[], now: number): ReadonlyMap<string, Decision> {
  if (decisions.length === 0) return none;
  const standing = new Map<string, Decision>();
  for (const decision of decisions) {
    if (decision.withdrawnAt !== undefined || (decision.expiresAt ?? Number.POSITIVE_INFINITY) <= now) continue;
    const other = standing.get(decision.deviceId);
    if (!other || overrides(decision, other)) standing.set(decision.deviceId, decision);
  }
  return standing;
}

function overrides(one: Decision, other: Decision): boolean {
  if (one.at !== other.at) return one.at > other.at;
  if (one.decided !== other.decided) return one.decided === 'block';
  return one.decisionId < other.decisionId;
}

/** The decisions, with `withdrawnAt` set on those that a withdrawal ends: all up to its time. */
export function withWithdrawals(decisions: readonly Decision[], withdrawals: readonly Withdrawal[]): Decision[] {
  return decisions.map((decision) => {
    const ending = withdrawals.find(({ deviceId, at }) => deviceId === decision.deviceId && decision.at <= at);
    return ending === undefined || decision.withdrawnAt !== undefined ? decision : { ...decision, withdrawnAt: ending.at };
  });
}

export function decisionLine(decision: Decision): TimelineEntry {
  const { decisionId, decided, by, at, reason, expiresAt } = decision;
  const who = by.kind === 'person' ? by.name : `the portal's rule ${by.name}`;
  const until = expiresAt === undefined ? '' : `, until ${moment(expiresAt)}`;
  return {
    at,
    id: `decision-${decisionId}`,
    kind: 'decision',
    says: `${decided === 'approve' ? 'Approved' : 'Blocked'} by ${who}${until}${reason ? `: ${reason}` : ''}`,
    data: {
      actionId: decisionId,
      decided,
      by,
      ...(reason === undefined ? {} : { reason }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    },
  };
}

/** `cause`: identifies the withdrawal, so that a repetition gives the same line; `actionId`: set if it ends one decision only. */
export function withdrawalLine(
  { at, by }: Pick<Withdrawal, 'at' | 'by'>,
  { cause, actionId, reason }: { cause: string; actionId?: string; reason?: string },
): TimelineEntry {
  return {
    at,
    id: `withdrawn-${cause}`,
    kind: 'decision',
    says: `The standing decision was withdrawn by ${by}${reason ? `: ${reason}` : ''}`,
    data: {
      withdrawnBy: by,
      withdrawnUpTo: at,
      ...(actionId === undefined ? {} : { actionId }),
      ...(reason ? { reason } : {}),
    },
  };
}
