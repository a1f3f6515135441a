/**
 * An action on premises goes out over the relay: claimed here, carried out there, and settled when the relay tells how it went
 * (relay-result.ts). A result that does not come lets the claim run out; what has gone out by then is first only looked at.
 */
import type { Numbered } from '#adapters/relay-link';
import type { ActionCommand } from '#domain/relay/relay-protocol';
import type { ActResult } from '#use-cases/actions/end-action';
import { supersedeOlder } from '#use-cases/actions/end-action';
import { wake } from '#use-cases/actions/wake';
import { claim } from './claim.ts';
import type { ActDependencies, Try } from './dependencies.ts';
import { circumstances } from './executors.ts';
import { postpone } from './postpone.ts';
import { admitted } from './wipe-guard.ts';

/** Longer than a relay mostly takes, its patience with a silent console included; then it is asked what became of it. */
const answerWithinMs = 45_000;

export async function handOver(deps: ActDependencies, given: Try): Promise<ActResult> {
  const one = { ...given, until: deps.now() + answerWithinMs };
  const claimed = await claim({ ...deps, worker: 'the relay of its source' }, one);
  if (!claimed) return 'overtaken';
  const held = { ...one, action: claimed };
  await supersedeOlder(deps, claimed, one.open);
  const step = claimed.state === 'dispatched' ? ('carry-out' as const) : ('look' as const);
  if (step === 'carry-out') {
    const allowed = await admitted(deps, held);
    if (allowed !== 'admitted') return allowed;
  }
  const sent = await deps.link.send(claimed.sourceId, (numbered) => command(held, { ...numbered, step }));
  if (sent === 'away') return postpone(deps, claimed, { note: away, until: deps.now() + answerWithinMs, waitsFor: 'source' });
  await wake(deps, claimed, claimed.claim?.until ?? one.until);
  return 'done';
}

const away = 'The relay of its source has just gone; it goes out as soon as one is back.';

function command(about: Try, { n, fence, step }: Numbered & { step: ActionCommand['step'] }): ActionCommand {
  const { action, device } = about;
  const { actionId, attempts, type, sourceId, user, deviceId, requestedAt, expiresAt, fence: wipeFence } = action;
  const { wipeTargets, sent, lockBelongs, givesBack } = circumstances(about);
  const asBefore = givesBack ? device.denial?.took?.approval : undefined;
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

/** Its wipe stands on the server for a phone that has gone: taken back, whatever comes of it; nothing waits for that. */
export function takeBack(about: Omit<Try, 'source'>, { n, fence }: Numbered): ActionCommand {
  const { action, device } = about;
  const { actionId, attempts, sourceId, user, deviceId, requestedAt, expiresAt } = action;
  return {
    ...{ type: 'action', n, fence, step: 'carry-out', what: 'cancel-wipe', requestedAt, expiresAt: expiresAt + answerWithinMs },
    ...{ actionId: `${actionId}${takenBack}`, attempt: Math.max(1, attempts) },
    target: { sourceId, user, deviceId },
    href: device.href,
    ...{ liftDenial: false, sent: true, lockBelongs: device.denial !== null },
  };
}
const takenBack = '|taken-back';
/** The answer to such a command: no action of the ledger waits for it. */
export const isTakeBack = (actionId: string): boolean => actionId.endsWith(takenBack);
