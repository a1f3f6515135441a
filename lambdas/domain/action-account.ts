/** How the end of an action reads in the device's timeline: who, what, why, before and after, and how long each step took. */
import type { Action, ActionState, ActionType, Step } from '#domain/action';
import { durations } from '#domain/steps';
import type { TimelineEntry } from '#domain/timeline';

const names: { [K in ActionType]: string } = {
  approve: 'Approval',
  block: 'Block',
  remove: 'Removal',
  wipe: 'Wipe',
  'cancel-wipe': 'Cancelling the wipe',
};
const endings: Partial<Record<ActionState, string>> = {
  confirmed: 'confirmed by reading back',
  wiped: 'carried out',
  failed: 'failed',
  expired: 'expired',
  superseded: 'superseded',
  cancelled: 'cancelled',
};

export const asker = ({ requestedBy }: Pick<Action, 'requestedBy'>): string =>
  requestedBy.kind === 'aq' ? 'Auto-Quarantine' : `${requestedBy.kind === 'rule' ? 'the portal rule ' : ''}${requestedBy.name}`;

/** The line for an action that has just ended with `last`. Its id is the action's: one action, one such line. */
export function endingLine(action: Action, last: Step): TimelineEntry {
  const what = action.purpose === 'hold' ? 'Hold' : names[action.type];
  const took = Math.max(0, last.at - action.requestedAt);
  const { actionId, type, purpose, requestedBy, requestedAt, reason, rule, before, after, attempts, history } = action;
  return {
    at: last.at,
    id: `action|${actionId}`,
    kind: 'action',
    says: `${what} asked for by ${asker(action)}: ${endings[last.state] ?? last.state} after ${seconds(took)}. ${last.note}`,
    data: {
      actionId,
      type,
      purpose,
      requestedBy,
      requestedAt,
      reason,
      ...(rule === undefined ? {} : { rule }),
      state: last.state,
      before,
      after,
      attempts,
      tookMs: took,
      durations: durations(history),
    },
  };
}

const seconds = (ms: number): string => (ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`);

/** The lines of an end: its own, and where it removed the device, the device's. */
export function endingLines(action: Action, last: Step): TimelineEntry[] {
  const line = endingLine(action, last);
  if (action.type !== 'remove' || last.state !== 'confirmed') return [line];
  const says = `Removed from the server, as ${asker(action)} asked.`;
  return [
    {
      at: last.at,
      id: `removed|${action.actionId}`,
      kind: 'removed',
      says,
      data: { actionId: action.actionId, changes: [{ field: 'presence', before: 'present', after: 'removed' }] },
    },
    line,
  ];
}
