/**
 * The timeline lines of an action: one for each step and one for its end, with who, what, why, the state before and after, and
 * how long each step took.
 */

import type { Action, ActionState, Shown, Step } from '#domain/actions/action';
import { traitsOf } from '#domain/actions/action-types';
import { durations } from '#domain/actions/apply-events';
import type { TimelineEntry } from '#domain/journal/timeline';

const endings: Partial<Record<ActionState, string>> = {
  confirmed: 'confirmed by reading back',
  wiped: 'carried out',
  failed: 'failed',
  expired: 'expired',
  superseded: 'superseded',
  cancelled: 'cancelled',
};

export const requesterName = ({ requestedBy }: Pick<Action, 'requestedBy'>): string =>
  requestedBy.kind === 'aq' ? 'Auto-Quarantine' : `${requestedBy.kind === 'rule' ? 'the portal rule ' : ''}${requestedBy.name}`;

const steps: { [K in ActionState]: string } = {
  requested: 'asked for',
  queued: 'in the action queue',
  waiting: 'waits',
  dispatched: 'going out',
  unknown: 'outcome not known yet',
  applied: 'accepted by the server',
  delivered: 'fetched by the phone',
  ...{ confirmed: 'confirmed', wiped: 'carried out', superseded: 'superseded', cancelled: 'cancelled' },
  ...{ expired: 'expired', failed: 'failed' },
};

const purposes: Partial<Record<Action['purpose'], string>> = { hold: 'Hold', 'give-back': 'Giving access back' };

export const actionName = ({ purpose, type }: Pick<Action, 'purpose' | 'type'>): string =>
  purposes[purpose] ?? traitsOf(type).name;

/**
 * The line for one step. `number` counts the action's steps from 0, the request; each step has exactly one line. `after`: what
 * the server showed by then, null if it was not read.
 */
export function stepLine(
  action: Action,
  { state, at, note }: Step,
  { number, after }: { number: number; after: Shown | null },
): TimelineEntry {
  const { actionId, type, purpose, requestedBy, reason, rule } = action;
  const by = state === 'requested' ? ` by ${requesterName(action)}` : '';
  return {
    at,
    id: `action-step|${actionId}|${number}`,
    kind: 'action-step',
    says: `${actionName(action)} ${steps[state]}${by}${note === '' ? '' : `: ${note}`}`.replace(/[^.!?]$/, '$&.'),
    data: {
      ...{ actionId, type, purpose, requestedBy, reason },
      ...(rule === undefined ? {} : { rule }),
      ...{ step: number, state, note, after },
    },
  };
}

/** The line for an action that has just ended with `last`. Its id derives from the action's id, so there is one per action. */
export function endingLine(action: Action, last: Step): TimelineEntry {
  const took = Math.max(0, last.at - action.requestedAt);
  const { actionId, type, purpose, requestedBy, requestedAt, reason, rule, before, after, attempts, history } = action;
  return {
    at: last.at,
    id: `action|${actionId}`,
    kind: 'action',
    says: `${actionName(action)} asked for by ${requesterName(action)}: ${endings[last.state] ?? last.state} after ${seconds(took)}. ${last.note}`,
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

/** The lines for the end of an action: its own, and one for the device if it was removed. */
export function endingLines(action: Action, last: Step): TimelineEntry[] {
  const line = endingLine(action, last);
  if (!traitsOf(action.type).removes || last.state !== 'confirmed') return [line];
  const says = `Removed from the server, as ${requesterName(action)} asked.`;
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
