/**
 * Accepts an action that a person or a portal rule requests: stores it in the ledger once per id, for approve and block also as a
 * decision, then queues it. Each step is idempotent, so repeating the request completes what a crash interrupted.
 */

import { actionOutgoing } from '#adapters/action-queue';
import type { Ledger, LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { DecisionStore } from '#adapters/dynamodb/devices/decisions';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import type { Queue } from '#adapters/queues';
import { type Action, type ActionState, justRequested } from '#domain/actions/action';
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
/** `refused`: nothing was done; `path`: the wrong field of the request. */
export type ActionAnswer =
  | { outcome: 'accepted'; actionId: string; state: ActionState }
  | { outcome: 'refused'; reason: 'unknown-device' | 'other-content' | 'incomplete'; path: string; because: string };

type RequestOptions = { bulk?: boolean; evaluations?: RequestActionDependencies['evaluations'] };

/** Default deadline of an action after it is received, ms. */
const deadlineMs = 168 * 3_600_000;
const soonMs = 5 * 60_000;

export function requestAction(dependencies: RequestActionDependencies) {
  const { findDevice, ledger, decisions, now } = dependencies;

  /**
   * `bulk`: it is part of a bulk. `evaluations`: collects the evaluations instead of queueing them, for callers that request many
   * actions and send their evaluations together.
   */
  return async (
    request: ActionRequested,
    { bulk = false, evaluations = dependencies.evaluations }: RequestOptions = {},
  ): Promise<ActionAnswer> => {
    const refusal = incomplete(request);
    if (refusal) return refusal;
    const device = await findDevice(request.target);
    if (!device) return refused('unknown-device', 'target', unknownDevice);
    const { outcome, action } = await ledger.request(actionOf(request, { device, now: now(), bulk }));
    if (outcome === 'different')
      return refused('other-content', 'actionId', 'an action of this id was requested before with another content');
    if (!isDecision(request)) return { outcome: 'accepted', actionId: request.actionId, state: await send(action) };
    const decided = await decisions.record(request.target, decisionOf(request));
    const state = decided === 'withdrawn' ? await cancelUnsent(action) : await send(action);
    await evaluate(request, { bulk, evaluations });
    return { outcome: 'accepted', actionId: request.actionId, state };
  };

  /** Its decision is already withdrawn: the withdrawal arrived first. */
  async function cancelUnsent(action: LedgerAction): Promise<ActionState> {
    const why = 'Its decision had been withdrawn when it came in.';
    return (await cancelAction(ledger, action, { why, now: now() }))?.state ?? action.state;
  }

  /** A decision that expires before the next scheduled check (wake-by-time) sends the evaluation of its expiry itself. */
  async function evaluate(
    { target, type, requestedBy, expiresAt }: ActionRequested,
    { bulk, evaluations }: Required<RequestOptions>,
  ): Promise<void> {
    await evaluations.users([target], `${type} by a ${requestedBy.kind}`, { bulk });
    const left = (expiresAt ?? Number.POSITIVE_INFINITY) - now();
    if (left <= 0 || left > soonMs) return;
    await evaluations.users([target], 'a decision ends', { bulk, delaySeconds: Math.ceil(left / 1000) + 1 });
  }

  /** Sent before it is stored as queued: a `requested` action may have no message, a `queued` one has. */
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

const isDecision = (request: ActionRequested): request is ActionRequested & { type: DecisionType } =>
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
    ...justRequested,
    history: [{ state: 'requested', at: now, note: reason }],
  };
}

/** The time of the request counts, not of its arrival: events arrive out of order, and the newest decision applies. */
const decisionOf = (request: ActionRequested & { type: DecisionType }) => ({
  decisionId: request.actionId,
  deviceId: request.target.deviceId,
  decided: request.type,
  by: request.requestedBy,
  at: request.requestedAt,
  ...(request.reason === undefined ? {} : { reason: request.reason }),
  ...(request.expiresAt === undefined ? {} : { expiresAt: request.expiresAt }),
});
