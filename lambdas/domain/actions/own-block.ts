/** Whether the server allows or denies a device, and whether a denial is our own block: before and after each action. */

import type { Action, Shown } from '#domain/actions/action';
import { denialEffectOf, isWipe, traitsOf } from '#domain/actions/action-types';
import type { Denial, Device } from '#domain/devices/device';
import { hasAccess } from '#domain/devices/server-state';

const admitted = new Set<Shown['approval']>(['approved', 'auto-approved', 'not-required']);

/** May sync: approved (or no approval needed), and not denied. */
export const isAdmitted = ({ approval, access }: Shown): boolean => admitted.has(approval) && access === 'allow';

/** Denied, or its access prohibited. A device that waits for approval is locked as part of waiting; that is no denial. */
export function isDenied({ approval, access }: Shown): boolean {
  return approval === 'denied' || access === 'prohibit' || (access === 'deny' && approval !== 'pending');
}

/** Our own block as it remains; null once the server shows no denial, so that a later denial does not count as ours. */
export function remainingDenial(denial: Denial | null, now: Shown): Denial | null {
  return isDenied(now) || now.approval === 'pending' ? denial : null;
}

export type EndedAction = DenyingAction & {
  type: string;
  state: string;
  at: number;
  /** What the server showed before anything was written, null when it was not read, and what it shows now. */
  before: Shown | null;
  after: Shown;
  /** What was stored of the device when the action ended. */
  known: Shown | null;
};
type DenyingAction = Pick<Action, 'actionId' | 'rule'> & { purpose: string; requestedBy: { kind: string } };

/** Our own block once an action has ended. A denial that preceded our block, and was not ours, does not become ours. */
export function denialAfter(denial: Denial | null, ended: EndedAction): Denial | null {
  const { type, state, at, before, after, known } = ended;
  const does = denialEffectOf(type);
  if (does === 'lifts') return remainingDenial(denial, after);
  if (does === 'keeps') return denial;
  if (!isDenied(after)) return null;
  const ours = state === 'confirmed' && (denial !== null || before === null || !isDenied(before));
  return ours ? denialOf(ended, { before: before ?? known, at }) : denial;
}

/** The denial that a block sets. If Auto-Quarantine blocks a device that had access, `took` records the approval then. */
export function denialOf(
  { actionId, purpose, requestedBy, rule }: DenyingAction,
  { before, at }: { before: Shown | null; at: number },
): Denial {
  const takes = requestedBy.kind === 'aq' && rule !== 'manual-decision' && before !== null && hasAccess({ detail: before });
  return { kind: purpose === 'hold' ? 'hold' : 'block', actionId, at, ...(takes ? { took: { approval: before.approval } } : {}) };
}

/**
 * Our own block by an action that was sent and has not ended: a denial on the server may be its effect. Null for any other.
 */
export function denialInFlight({ actionId, type, purpose, state, history }: Action): Denial | null {
  const isOut = state === 'dispatched' || state === 'unknown' || state === 'applied';
  if (traitsOf(type).denial !== 'sets' || !isOut) return null;
  return { kind: purpose === 'hold' ? 'hold' : 'block', actionId, at: history.at(-1)?.at ?? 0 };
}

/**
 * Whether a device is to stay locked out once its wipe is cancelled: we blocked it, or it was denied before the wipe that is
 * cancelled (`open`: the actions of the device that have not ended).
 */
export function staysDeniedAfterCancelWipe({
  device,
  open,
}: {
  device: Pick<Device, 'denial'>;
  open: readonly Pick<Action, 'type' | 'before'>[];
}) {
  return device.denial !== null || open.some(({ type, before }) => isWipe({ type }) && before !== null && isDenied(before));
}
