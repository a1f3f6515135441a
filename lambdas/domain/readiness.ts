/**
 * Whether an action may go out now: decided on what is stored, before anything is claimed or sent. What has been dispatched
 * already is never expired or superseded here: its effect may be there, so it is read first.
 */
import type { Action, ActionType } from '#domain/action';
import type { Device } from '#domain/device';
import { longestWait, slack } from '#domain/retry';
import type { SourceState } from '#domain/source';
import { isFinal } from '#domain/transitions';

export type ReadinessFacts = {
  /** Epoch ms. */
  now: number;
  device: Pick<Device, 'registeredAt' | 'presence'> | null;
  /** Open actions of the same device, this one included or not. */
  open: readonly Action[];
  source: Pick<SourceState, 'problem' | 'retryAt'>;
  /** How the source is reached, or why it is not. */
  reach: 'direct' | 'relay' | 'unconfigured';
};

export type Readiness =
  | { answer: 'go' }
  /** Nothing left to do. */
  | { answer: 'ended' }
  /** Another worker holds it until then. */
  | { answer: 'held'; until: number }
  /** It waits already, and its time has not come. */
  | { answer: 'early'; until: number }
  | { answer: 'wait'; until: number; note: string }
  | { answer: 'end'; event: 'expire' | 'supersede' | 'fail'; note: string };

/** What a newer request takes the place of, while the older one has not gone out (actions.md). */
const supersededBy: { [K in ActionType]: readonly ActionType[] } = {
  approve: ['approve', 'block', 'remove'],
  block: ['approve', 'block', 'remove'],
  remove: [],
  wipe: ['cancel-wipe'],
  'cancel-wipe': ['wipe'],
};
const notGoneOut = new Set(['requested', 'queued', 'waiting']);

export function isNewer(one: Action, other: Action): boolean {
  return one.requestedAt > other.requestedAt || (one.requestedAt === other.requestedAt && one.actionId > other.actionId);
}

/** Whether `newer` takes the place of `older`. */
export function supersedes(newer: Action, older: Action): boolean {
  return notGoneOut.has(older.state) && isNewer(newer, older) && supersededBy[older.type].includes(newer.type);
}

export function readiness(action: Action, facts: ReadinessFacts): Readiness {
  const { now, device, source } = facts;
  if (isFinal(action.state)) return { answer: 'ended' };
  if (action.claim && action.claim.until > now) return { answer: 'held', until: action.claim.until };
  if (notGoneOut.has(action.state)) {
    const end = endOf(action, facts);
    if (end) return { answer: 'end', ...end };
  }
  if (action.notBefore !== null && action.notBefore > now + slack) return { answer: 'early', until: action.notBefore };
  if (device === null) return wait('The device is not known here yet; the next gather of its source looks for it.', now + minute);
  if (facts.reach === 'relay') return wait('This source is reached through a relay, and none is connected.', now + longestWait);
  if (facts.reach === 'unconfigured')
    return wait('This source is not in the configuration; put it back, or cancel the action.', now + longestWait);
  if (source.problem?.kind === 'denied' && source.retryAt !== null && source.retryAt > now)
    return wait('The Traveler server turns our credentials away; it is left alone until they are put right.', source.retryAt);
  const busyUntil = Math.max(0, ...facts.open.filter((other) => other.actionId !== action.actionId).map(heldUntil));
  if (busyUntil > now) return wait('Another action on this device is under way.', busyUntil);
  return { answer: 'go' };
}

const minute = 60_000;
const heldUntil = ({ claim }: Action) => claim?.until ?? 0;
const wait = (note: string, until: number): Readiness => ({ answer: 'wait', until, note });

function endOf(action: Action, { now, device, open }: ReadinessFacts) {
  if (now >= action.expiresAt) return { event: 'expire', note: 'Its deadline passed before it could be carried out.' } as const;
  const newer = open.find((other) => supersedes(other, action));
  if (newer) return { event: 'supersede', note: `A newer request, ${newer.type} ${newer.actionId}, takes its place.` } as const;
  if (device === null) return null;
  if (action.registeredAt !== null && action.registeredAt !== device.registeredAt) return { event: 'fail', note: stale } as const;
  if (device.presence === 'removed') return { event: 'fail', note: removed } as const;
  return null;
}

const stale =
  'Refused as stale: the device was removed and registered anew since this was asked for. Ask again if it is meant for the new registration.';
const removed = 'The device is no longer on the Traveler server, so there is nothing to act on.';
