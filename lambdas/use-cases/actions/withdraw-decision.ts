/**
 * Withdraws the decisions of people and portal rules about a device up to a time; then the rules decide again. An approve or
 * block that was requested and not sent yet is cancelled. Each step is idempotent.
 *
 * A withdrawal may arrive before the request that it ends, or at the same time: the withdrawal is stored before the device's
 * open action is read, and a request is in the ledger before it checks for a withdrawal (request-action), so that at least one
 * of the two sees the other.
 */

import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import type { DecisionStore } from '#adapters/dynamodb/devices/decisions';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import { isDecisionType } from '#domain/actions/action-types';
import type { Device, DeviceKey } from '#domain/devices/device';
import { cancelAction } from '#use-cases/actions/cancel-action';

export type WithdrawDependencies = {
  findDevice: (key: DeviceKey) => Promise<Device | null>;
  decisions: Pick<DecisionStore, 'withdraw'>;
  ledger: Pick<Ledger, 'read' | 'end'>;
  evaluations: Pick<EvaluationsQueue, 'users'>;
  now: () => number;
};
export type WithdrawRequest = { target: DeviceKey; at: number; by: string; cause: string; reason?: string };

export function withdrawDecision({ findDevice, decisions, ledger, evaluations, now }: WithdrawDependencies) {
  async function cancelOpen(target: DeviceKey, at: number, by: string): Promise<void> {
    const open = (await findDevice(target))?.openAction;
    if (!open || !isDecisionType(open.type)) return;
    const action = await ledger.read(open.actionId);
    if (!action || action.requestedBy.kind === 'aq' || action.requestedAt > at) return;
    await cancelAction(ledger, action, { why: `Its decision was withdrawn by ${by}.`, now: now() });
  }

  /** Returns how many decisions in effect it ended. */
  return async ({ target, at, by, cause, reason }: WithdrawRequest): Promise<{ withdrawn: number }> => {
    const withdrawn = await decisions.withdraw(target, { at, by, cause, ...(reason === undefined ? {} : { reason }) });
    await cancelOpen(target, at, by);
    await evaluations.users([target], 'decision withdrawn');
    return { withdrawn };
  };
}
