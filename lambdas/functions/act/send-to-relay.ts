/**
 * An on-premises action is sent to the relay: claimed here, carried out there, and completed when the relay reports the result
 * (relay-result.ts). Without a result the claim expires; since the action may have been sent, the next attempt first only reads.
 */
import type { Numbered } from '#adapters/relay-link';
import type { StepOf } from '#domain/actions/attempt';
import { effectContext } from '#domain/actions/effect-of';
import type { Device } from '#domain/devices/device';
import type { ActionCommand } from '#domain/relay/relay-protocol';
import { claim } from './claim.ts';
import type { ActDependencies, Performed, Try } from './dependencies.ts';
import { approvalBefore } from './traveler-writes.ts';

/**
 * Longer than a relay usually takes, including its timeout for a silent console; then it is asked for the result of the action.
 */
const answerWithinMs = 45_000;

export async function claimForRelay(deps: ActDependencies, held: Try): Promise<Performed> {
  const action = await claim(deps, held, { by: 'the relay of its source', until: deps.now() + answerWithinMs });
  if (action === null) return { result: 'overtaken' };
  return { held: { ...held, attempt: { ...held.attempt, action } }, observed: { saw: 'claimed' } };
}

export async function sendToRelay(deps: ActDependencies, held: Try, { command: step }: StepOf<'send'>): Promise<Performed> {
  const { attempt } = held;
  const { device } = attempt;
  if (device === null) throw new Error('Only what is meant for a known device goes to a relay');
  const about = { ...attempt, device };
  const sent = await deps.link.send(attempt.action.sourceId, (numbered) => actionCommand(about, { ...numbered, step }));
  return { held, observed: { saw: sent === 'away' ? 'disconnected' : 'sent' } };
}

type About = Try['attempt'] & { device: Device };

function actionCommand(about: About, { n, fence, step }: Numbered & { step: ActionCommand['step'] }): ActionCommand {
  const { action, device } = about;
  const { actionId, attempts, type, sourceId, user, deviceId, requestedAt, expiresAt, fence: wipeFence } = action;
  const { wipeTargets, sent, lockBelongs } = effectContext({ ...about, state: action.state });
  const asBefore = approvalBefore(about);
  return {
    ...{ type: 'action', n, fence, actionId, attempt: attempts, step, what: type, requestedAt, expiresAt },
    target: { sourceId, user, deviceId },
    href: device.href,
    ...{ liftDenial: device.denial !== null, sent, lockBelongs },
    ...(wipeTargets ? { wipeTargets } : {}),
    ...(asBefore === undefined ? {} : { asBefore }),
    ...(wipeFence ? { wipeFence } : {}),
  };
}

/** The server still has the wipe of a phone that is gone: cancels it, without waiting for the answer. */
export async function cancelWipeOverRelay({ link }: Pick<ActDependencies, 'link'>, { attempt }: Try): Promise<void> {
  const { device } = attempt;
  if (device === null) throw new Error('Only the wipe of a known device is cancelled');
  await link.send(attempt.action.sourceId, (numbered) => cancelCommand({ ...attempt, device }, numbered));
}

function cancelCommand({ action, device }: About, { n, fence }: Numbered): ActionCommand {
  const { actionId, attempts, sourceId, user, deviceId, requestedAt, expiresAt } = action;
  return {
    ...{ type: 'action', n, fence, step: 'carry-out', what: 'cancel-wipe', requestedAt, expiresAt: expiresAt + answerWithinMs },
    ...{ actionId: `${actionId}${cancelled}`, attempt: Math.max(1, attempts) },
    target: { sourceId, user, deviceId },
    href: device.href,
    ...{ liftDenial: false, sent: true, lockBelongs: device.denial !== null },
  };
}
const cancelled = '|taken-back';
/** Whether this is the id of such a command: no action of the ledger waits for its answer. */
export const isStaleWipeCancel = (actionId: string): boolean => actionId.endsWith(cancelled);
