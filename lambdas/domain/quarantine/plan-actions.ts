/**
 * From verdicts to actions: an action is planned only where what the server shows differs from the verdict, so planning
 * again on what the actions made of the server plans nothing new. Where the server's state is unknown, nothing is planned.
 */

import { isDecisionType } from '#domain/actions/action-types';
import type { DeviceFacts } from '#domain/devices/device-facts';
import {
  hasAccess,
  hasLostAccessByUs,
  isDeniedByUs,
  isDeniedOnServer,
  isOurDenialToLift,
  isPending,
} from '#domain/devices/server-state';
import type { Verdict } from '#domain/quarantine/decide';
import type { Enforcement } from '#domain/quarantine/enforcement';
import { givesBack, type RuleId } from '#domain/quarantine/rules';

export type PlannedAction = {
  deviceId: string;
  type: 'approve' | 'block';
  /** `hold`: a block that only keeps an unapproved device waiting, where the server cannot. `give-back`: only our bar is undone. */
  purpose: 'verdict' | 'hold' | 'give-back';
  verdict: Verdict['verdict'];
  rule: string;
  reason: string;
};

type Wanted = Pick<PlannedAction, 'type' | 'purpose'> | null;
type PlanInput = { devices: readonly DeviceFacts[]; verdicts: readonly Verdict[]; enforcement: Enforcement };

type About = { enforcement: Enforcement; rule: RuleId };

const wanted: { [K in Verdict['verdict']]: (device: DeviceFacts, about: About) => Wanted } = {
  approve: (device, { rule }) => {
    if (hasLostAccessByUs(device) && givesBack(rule)) return { type: 'approve', purpose: 'give-back' };
    return isWaiting(device) || isOurDenialToLift(device) ? { type: 'approve', purpose: 'verdict' } : null;
  },
  hold: (device, { enforcement }) =>
    enforcement === 'extender' && hasAccess(device) && isKnown(device) ? { type: 'block', purpose: 'hold' } : null,
  block: (device) => (isDeniedOnServer(device) || !isKnown(device) ? null : { type: 'block', purpose: 'verdict' }),
  leave: () => null,
  undetermined: () => null,
};

/**
 * The actions that these verdicts ask for, in the verdicts' order, at most one per device. Nothing for a device on its way
 * already: one with an open action in the same direction, or with a removal or a wipe under way.
 */
export function planActions({ devices, verdicts, enforcement }: PlanInput): PlannedAction[] {
  const byId = new Map(devices.map((device) => [device.deviceId, device]));
  return verdicts.flatMap((verdict) => {
    const device = byId.get(verdict.deviceId);
    if (!device) return [];
    const action = wanted[verdict.verdict](device, { enforcement, rule: verdict.rule });
    if (!action || isUnderWay(device, action.type) || isOverruled(device, action.type)) return [];
    const { deviceId, rule, evidence } = verdict;
    return [{ deviceId, ...action, verdict: verdict.verdict, rule, reason: evidence }];
  });
}

/**
 * Whether a device with this verdict is held: kept out and waiting, by the server or by us, or about to be (`planned`).
 * Newly held, hence somebody to tell: held now, and its stored `heldSince` is null.
 */
export function isHeld(device: DeviceFacts, verdict: Verdict, planned: readonly PlannedAction[]): boolean {
  if (verdict.verdict !== 'hold') return false;
  if (isPending(device) || isDeniedByUs(device)) return true;
  const underWay = device.openAction?.type === 'block';
  return underWay || planned.some(({ deviceId, purpose }) => deviceId === device.deviceId && purpose === 'hold');
}

/**
 * The open approve or block that a newer verdict contradicts although the server needs no action: an approve still on its way
 * to a device now held or blocked, a block on its way to one now approved. Its id, to be cancelled while not dispatched.
 * Only for actions that AQ itself asked for: a person's action is also a decision, which the verdict follows.
 */
export function overtakenAction(device: DeviceFacts, verdict: Verdict): string | null {
  const open = device.openAction;
  if (open?.type === 'approve' && (verdict.verdict === 'hold' || verdict.verdict === 'block')) return open.actionId;
  if (open?.type === 'block' && verdict.verdict === 'approve') return open.actionId;
  return null;
}

/** For nothing but its approval: while it waits, somebody else may have barred it, and that is not ours to approve over. */
const isWaiting = (device: DeviceFacts): boolean => isPending(device) && (device.denial !== null || !isDeniedOnServer(device));

/** Approval, access and wipe known: else a block could hit a device that is barred already, or whose wipe is on its way. */
function isKnown({ detail }: DeviceFacts): boolean {
  return detail !== null && detail.approval !== 'unknown' && detail.access !== 'unknown' && detail.wipe !== 'unknown';
}

/** An administrator lifted our bar on the server: putting it back would be a quarrel that nobody can win. */
const isOverruled = ({ overruled = false }: DeviceFacts, type: PlannedAction['type']): boolean => overruled && type === 'block';

function isUnderWay({ openAction }: DeviceFacts, type: PlannedAction['type']): boolean {
  if (openAction === null) return false;
  return openAction.type === type || !isDecisionType(openAction.type);
}
