/**
 * From verdicts to actions: an action is planned only if the server's state differs from the verdict, so planning again after the
 * actions plans nothing new. If the server's state is unknown, nothing is planned.
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
  /**
   * `hold`: a block that only keeps a device waiting, if the server cannot. `give-back`: an approve that only lifts our own
   * block.
   */
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
 * The actions that these verdicts require, in the verdicts' order, at most one per device. None for a device with an open action
 * of the same type, or with a removal or a wipe in progress.
 */
export function planActions({ devices, verdicts, enforcement }: PlanInput): PlannedAction[] {
  const byId = new Map(devices.map((device) => [device.deviceId, device]));
  return verdicts.flatMap((verdict) => {
    const device = byId.get(verdict.deviceId);
    if (!device) return [];
    const action = wanted[verdict.verdict](device, { enforcement, rule: verdict.rule });
    if (!action || isInProgress(device, action.type) || isOverruled(device, action.type)) return [];
    const { deviceId, rule, evidence } = verdict;
    return [{ deviceId, ...action, verdict: verdict.verdict, rule, reason: evidence }];
  });
}

/**
 * Whether a device with this verdict is held: without access and waiting, because of the server or us, or about to be
 * (`planned`). It is newly held, and so reported, if it is held now and its stored `heldSince` is null.
 */
export function isHeld(device: DeviceFacts, verdict: Verdict, planned: readonly PlannedAction[]): boolean {
  if (verdict.verdict !== 'hold') return false;
  if (isPending(device) || isDeniedByUs(device)) return true;
  const isBlocking = device.openAction?.type === 'block';
  return isBlocking || planned.some(({ deviceId, purpose }) => deviceId === device.deviceId && purpose === 'hold');
}

/**
 * The id of the open approve or block that a newer verdict contradicts although the server needs no action: an open approve of a
 * device now held or blocked, an open block of one now approved. It is cancelled unless it was dispatched. Only for actions that
 * AQ requested: a person's action is also a decision, which the verdict follows.
 */
export function overtakenAction(device: DeviceFacts, verdict: Verdict): string | null {
  const open = device.openAction;
  if (open?.type === 'approve' && (verdict.verdict === 'hold' || verdict.verdict === 'block')) return open.actionId;
  if (open?.type === 'block' && verdict.verdict === 'approve') return open.actionId;
  return null;
}

/** It waits for approval only: while it waits, somebody else may have denied it, and we do not override that. */
const isWaiting = (device: DeviceFacts): boolean => isPending(device) && (device.denial !== null || !isDeniedOnServer(device));

/** Approval, access and wipe are known: otherwise a block could hit a device that is already denied or under wipe. */
function isKnown({ detail }: DeviceFacts): boolean {
  return detail !== null && detail.approval !== 'unknown' && detail.access !== 'unknown' && detail.wipe !== 'unknown';
}

/** An administrator lifted our own block on the server: blocking again would only repeat the conflict. */
const isOverruled = ({ overruled = false }: DeviceFacts, type: PlannedAction['type']): boolean => overruled && type === 'block';

function isInProgress({ openAction }: DeviceFacts, type: PlannedAction['type']): boolean {
  if (openAction === null) return false;
  return openAction.type === type || !isDecisionType(openAction.type);
}
