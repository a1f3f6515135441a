/** What an evaluation changes on one device, computed from values only; null when nothing changes. */

import { isDeepStrictEqual } from 'node:util';
import type { VerdictWrite } from '#adapters/dynamodb/devices/users';
import type { Action } from '#domain/actions/action';
import { actionName } from '#domain/actions/action-sentences';
import { requestLines } from '#domain/actions/action-timeline';
import type { Device, ExplainedVerdict, Match } from '#domain/devices/device';
import type { FieldChange, TimelineEntry } from '#domain/journal/timeline';
import type { Verdict } from '#domain/quarantine/decide';
import { isSameVerdict } from '#use-cases/decide-user/same-verdict';

export type Change = {
  verdict: Verdict;
  held: boolean;
  /** A new action, or none. */
  action: Action | null;
  /** The action that the device shows as open now, or null. */
  openAction: Device['openAction'];
  settingsVersion: number;
  /** Computed only when something is written. */
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
  const entries = [
    ...(decided ? [verdictLine(device, { decided, action, match: verdict.match })] : requestedLines(action)),
    ...holdLines(device, { heldSince, verdict, now }),
  ];
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

/** The verdict's line mentions the requested action; when the verdict is unchanged, the action gets a separate line. */
const requestedLines = (action: Action | null): TimelineEntry[] => (action === null ? [] : requestLines(action));

function explained({
  verdict: { verdict, rule, evidence, wouldChange, client },
  settingsVersion,
  now,
  digest,
}: Change): ExplainedVerdict {
  return { verdict, rule, evidence, wouldChange, settingsVersion, decidedAt: now, inputsDigest: digest(), client };
}

type Deciding = { decided: ExplainedVerdict; action: Action | null; match: Match };

function verdictLine(device: Device, { decided, action, match }: Deciding): TimelineEntry {
  const { verdict, rule, evidence, settingsVersion, inputsDigest, decidedAt } = decided;
  const before = device.verdict && { verdict: device.verdict.verdict, rule: device.verdict.rule };
  const from = before && before.verdict !== verdict ? `, before: ${before.verdict} (${before.rule})` : '';
  const asks = action ? ` ${actionName(action)} asked for.` : '';
  return {
    at: decidedAt,
    id: `verdict|${inputsDigest}`,
    kind: 'verdict',
    says: `Verdict ${verdict} by rule ${rule}${from}: ${asSentence(evidence)}${asks}`,
    data: {
      before,
      after: { verdict, rule },
      evidence,
      settingsVersion,
      inputsDigest,
      actionId: action?.actionId ?? null,
      changes: changesOf(device, { decided, match }),
    },
  };
}

/** Adds a full stop unless there is one: evidence may quote a person's reason, which is not changed otherwise. */
const asSentence = (evidence: string): string => (evidence.endsWith('.') ? evidence : `${evidence}.`);

const compared = ['verdict', 'rule', 'evidence', 'wouldChange', 'client'] as const;

function changesOf({ verdict: before, match: matchBefore }: Device, { decided, match }: Pick<Deciding, 'decided' | 'match'>) {
  const fields: FieldChange[] = compared.map((field) => ({
    field,
    before: before?.[field] ?? null,
    after: decided[field] ?? null,
  }));
  const matched: FieldChange = { field: 'match', before: matchBefore, after: match };
  return [...fields, matched].filter((change) => !isDeepStrictEqual(change.before, change.after));
}

/** The line for the beginning or the end of a hold. Its id is that of the hold: one beginning, one end. */
function holdLines(device: Device, { heldSince, verdict, now }: Pick<Change, 'verdict' | 'now'> & { heldSince: number | null }) {
  const { verdict: name, rule, evidence } = verdict;
  const changes: FieldChange[] = [{ field: 'heldSince', before: device.heldSince, after: heldSince }];
  const lines: TimelineEntry[] = [];
  if (heldSince !== null && device.heldSince === null) {
    const data = { heldSince, rule, evidence, changes };
    lines.push({
      at: now,
      id: `quarantined|${heldSince}`,
      kind: 'quarantined',
      says: `Held until approved: ${asSentence(evidence)}`,
      data,
    });
  }
  if (heldSince === null && device.heldSince !== null) {
    const says = `No longer held: ${name} by rule ${rule}.`;
    const data = { heldSince: device.heldSince, verdict: name, rule, evidence, changes };
    lines.push({ at: now, id: `released|${device.heldSince}`, kind: 'released', says, data });
  }
  return lines;
}
