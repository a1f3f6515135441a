/** What an evaluation changes on one device, decided from values alone; null when it stands as it is. */
import { isDeepStrictEqual } from 'node:util';
import type { VerdictWrite } from '#adapters/dynamodb/users';
import type { Action } from '#domain/action';
import type { Verdict } from '#domain/decide';
import type { Device, ExplainedVerdict } from '#domain/device';
import type { TimelineEntry } from '#domain/timeline';

export type Change = {
  verdict: Verdict;
  held: boolean;
  /** A new action, or none. */
  action: Action | null;
  /** What the device shows as open now, `null` included. */
  openAction: Device['openAction'];
  settingsVersion: number;
  /** Asked for only when something is written. */
  digest: () => string;
  now: number;
};

export function verdictWrite(device: Device, change: Change): VerdictWrite | null {
  const { verdict, held, action, now } = change;
  const decided = isSameVerdict(device, verdict) ? null : explained(change);
  const heldSince = held ? (device.heldSince ?? now) : null;
  const openAction = action ? { actionId: action.actionId, type: action.type, state: action.state } : change.openAction;
  const stored = decided ?? device.verdict;
  const same = !decided && !action && heldSince === device.heldSince && isDeepStrictEqual(openAction, device.openAction);
  if (same || !stored) return null;
  const entries = decided ? [verdictLine(device, { decided, action })] : [];
  return {
    before: device,
    verdict: stored,
    match: decided ? verdict.match : (device.match ?? verdict.match),
    heldSince,
    entries,
    action,
    openAction,
  };
}

/** Whether the stored verdict says the same: what decided, on what facts. When and from which settings does not matter. */
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

function explained({
  verdict: { verdict, rule, evidence, wouldChange, client },
  settingsVersion,
  now,
  digest,
}: Change): ExplainedVerdict {
  return { verdict, rule, evidence, wouldChange, settingsVersion, decidedAt: now, inputsDigest: digest(), client };
}

function verdictLine(device: Device, { decided, action }: { decided: ExplainedVerdict; action: Action | null }): TimelineEntry {
  const { verdict, rule, evidence, settingsVersion, inputsDigest, decidedAt } = decided;
  const before = device.verdict && { verdict: device.verdict.verdict, rule: device.verdict.rule };
  const from = before && before.verdict !== verdict ? `, before: ${before.verdict} (${before.rule})` : '';
  const asks = action
    ? ` ${action.type === 'approve' ? 'Approval' : action.purpose === 'hold' ? 'Hold' : 'Block'} asked for.`
    : '';
  return {
    at: decidedAt,
    id: `verdict|${inputsDigest}`,
    kind: 'verdict',
    says: `Verdict ${verdict} by rule ${rule}${from}: ${evidence}.${asks}`.replace('..', '.'),
    data: { before, after: { verdict, rule }, evidence, settingsVersion, inputsDigest, actionId: action?.actionId ?? null },
  };
}
