/**
 * Takes an action that a person or a portal rule asks for: into the ledger once per id, for approve and block also as a
 * standing decision, then on its way. Each step may be repeated, so the same request again completes what a crash cut off.
 */

import { actionOutgoing } from '#adapters/action-queue';
import type { Ledger, LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { DecisionStore } from '#adapters/dynamodb/devices/decisions';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import type { Queue } from '#adapters/queues';
import type { Action, ActionState } from '#domain/actions/action';
import { type DecisionType, isDecisionType, isWipe } from '#domain/actions/action-types';
import { isFinal } from '#domain/actions/transitions';
import type { Device, DeviceKey } from '#domain/devices/device';
import type { ActionRequested } from '#domain/messages/events-in';
import { cancelAction } from './cancel-action.ts';

export type RequestActionDependencies = {
  findDevice: (key: DeviceKey) => Promise<Device | null>;
  ledger: Pick<Ledger, 'request' | 'advance' | 'end'>;
  decisions: Pick<DecisionStore, 'record'>;
  actionQueue: Queue;
  evaluations: Pick<EvaluationsQueue, 'users'>;
  now: () => number;
};
/** `refused`: nothing was done; `path` names the field of the request that is wrong. */
export type ActionAnswer =
  | { outcome: 'accepted'; actionId: string; state: ActionState }
  | { outcome: 'refused'; reason: 'unknown-device' | 'other-content' | 'incomplete'; path: string; because: string };

type Taking = { bulk?: boolean; evaluations?: RequestActionDependencies['evaluations'] };

/** How long an action may take to be carried out when the request does not say. */
const deadlineMs = 168 * 3_600_000;
const soonMs = 5 * 60_000;

export function requestAction(dependencies: RequestActionDependencies) {
  const { findDevice, ledger, decisions, now } = dependencies;

  /**
   * `bulk`: it is one of many. `evaluations`: where else than on the queue its user is noted, for who takes many in and sends
   * them together.
   */
  return async (
    request: ActionRequested,
    { bulk = false, evaluations = dependencies.evaluations }: Taking = {},
  ): Promise<ActionAnswer> => {
    const refusal = incomplete(request);
    if (refusal) return refusal;
    const device = await findDevice(request.target);
    if (!device) return refused('unknown-device', 'target', unknownDevice);
    const { outcome, action } = await ledger.request(actionOf(request, { device, now: now(), bulk }));
    if (outcome === 'different')
      return refused('other-content', 'actionId', 'an action of this id was requested before with another content');
    if (!isStanding(request)) return { outcome: 'accepted', actionId: request.actionId, state: await send(action) };
    const decided = await decisions.record(request.target, decisionOf(request));
    const state = decided === 'withdrawn' ? await unsent(action) : await send(action);
    await evaluate(request, { bulk, evaluations });
    return { outcome: 'accepted', actionId: request.actionId, state };
  };

  /** Its decision was withdrawn already: the withdrawal came in first. */
  async function unsent(action: LedgerAction): Promise<ActionState> {
    const why = 'Its decision had been withdrawn when it came in.';
    return (await cancelAction(ledger, action, { why, now: now() }))?.state ?? action.state;
  }

  /** A decision that ends before the next look of the schedule is due (wake-by-time) sends the evaluation of its end itself. */
  async function evaluate(
    { target, type, requestedBy, expiresAt }: ActionRequested,
    { bulk, evaluations }: Required<Taking>,
  ): Promise<void> {
    await evaluations.users([target], `${type} by a ${requestedBy.kind}`, { bulk });
    const left = (expiresAt ?? Number.POSITIVE_INFINITY) - now();
    if (left <= 0 || left > soonMs) return;
    await evaluations.users([target], 'a decision ends', { bulk, delaySeconds: Math.ceil(left / 1000) + 1 });
  }

  /** Sent before it is noted as queued: an action that is `requested` has perhaps no message, a queued one has. */
  async function send(action: LedgerAction): Promise<ActionState> {
    if (isFinal(action.state)) return action.state;
    await dependencies.actionQueue.send([actionOutgoing(action)]);
    if (action.state !== 'requested') return action.state;
    const queued = await ledger.advance(action, { steps: [{ state: 'queued', at: now(), note: '' }] });
    return queued?.state ?? 'queued';
  }
}

const unknownDevice =
  'no device of this source, user and device id is known; if its phone is new, gather the source and ask again';

const isStanding = (request: ActionRequested): request is ActionRequested & { type: DecisionType } =>
  isDecisionType(request.type);

function refused(reason: Extract<ActionAnswer, { outcome: 'refused' }>['reason'], path: string, because: string): ActionAnswer {
  return { outcome: 'refused', reason, path, because };
}

function incomplete({ type, wipe }: ActionRequested): ActionAnswer | null {
  if (isWipe({ type }) && !wipe) return refused('incomplete', 'wipe', 'a wipe names what to wipe: device, apps, storage-card');
  if (!isWipe({ type }) && wipe) return refused('incomplete', 'wipe', `only a wipe names what to wipe, not ${type}`);
  return null;
}

function actionOf(request: ActionRequested, { device, now, bulk }: { device: Device; now: number; bulk: boolean }): Action {
  const { actionId, requestedAt, requestedBy, type, target, wipe, reason = '' } = request;
  return {
    ...target,
    actionId,
    type,
    ...(wipe ? { wipeTargets: wipe } : {}),
    requestedAt,
    requestedBy,
    reason,
    ...(bulk ? { bulk } : {}),
    purpose: 'decision',
    registeredAt: device.registeredAt,
    ...(isWipe({ type }) ? { fence: { href: device.href, approval: device.detail?.approval ?? null } } : {}),
    expiresAt: request.expiresAt ?? now + deadlineMs,
    state: 'requested',
    attempts: 0,
    notBefore: null,
    claim: null,
    before: null,
    after: null,
    outcome: null,
    history: [{ state: 'requested', at: now, note: reason }],
  };
}

/** The request's own time counts, not its arrival: events come out of order, and the newest decision holds. */
const decisionOf = (request: ActionRequested & { type: DecisionType }) => ({
  decisionId: request.actionId,
  deviceId: request.target.deviceId,
  decided: request.type,
  by: request.requestedBy,
  at: request.requestedAt,
  ...(request.reason === undefined ? {} : { reason: request.reason }),
  ...(request.expiresAt === undefined ? {} : { expiresAt: request.expiresAt }),
});
