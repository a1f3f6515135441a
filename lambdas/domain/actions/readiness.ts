/**
 * Whether an action may be sent now: decided on what is stored, before anything is claimed or sent. An action that was already
 * dispatched never expires and is never superseded here: its effect may be there, so the device is read first.
 */

import type { Action } from '#domain/actions/action';
import { traitsOf } from '#domain/actions/action-types';
import { deadlinePassed } from '#domain/actions/expiry';
import { isInFlight } from '#domain/actions/redelivery';
import { clockTolerance, longestWait } from '#domain/actions/retry';
import { isFinal } from '#domain/actions/transitions';
import { effects } from '#domain/actions/wanted-effects';
import { isPendingWipe, setUpAnew } from '#domain/actions/wipe';
import type { Device } from '#domain/devices/device';
import type { SourceState } from '#domain/devices/source';

export type ReadinessFacts = {
  /** Epoch ms. */
  now: number;
  device: (Pick<Device, 'registeredAt' | 'presence'> & Partial<Pick<Device, 'href' | 'returnedAt' | 'detail'>>) | null;
  /** Open actions of the same device, this one included or not. */
  open: readonly Action[];
  source: Pick<SourceState, 'problem' | 'retryAt'> & Partial<Pick<SourceState, 'pause'>>;
  /** How the source is reached; `relay`: none is connected; `unconfigured`: not in the configuration. */
  reach: 'direct' | 'relay' | 'unconfigured';
};

export type Readiness =
  | { answer: 'go' }
  /** Nothing left to do. */
  | { answer: 'ended' }
  /** Another worker holds it until then. */
  | { answer: 'held'; until: number }
  /** It is waiting, and its time has not come. */
  | { answer: 'early'; until: number }
  /** `for: 'source'`: until the source is healthy again; whoever finds it healthy sends every action that waits for it. */
  | { answer: 'wait'; until: number; note: string; for?: 'source' }
  | { answer: 'end'; event: 'expire' | 'supersede' | 'fail'; note: string };

/** An action can be superseded only before it is sent (actions.md). */
const unsent = new Set(['requested', 'queued', 'waiting']);

export function isNewer(one: Action, other: Action): boolean {
  return one.requestedAt > other.requestedAt || (one.requestedAt === other.requestedAt && one.actionId > other.actionId);
}

/** Whether `newer` supersedes `older`. */
export function supersedes(newer: Action, older: Action): boolean {
  return unsent.has(older.state) && isNewer(newer, older) && traitsOf(older.type).supersededBy.includes(newer.type);
}

export function readiness(action: Action, facts: ReadinessFacts): Readiness {
  const { now, device, source } = facts;
  if (isFinal(action.state)) return { answer: 'ended' };
  if (action.claim && action.claim.until > now) return { answer: 'held', until: action.claim.until };
  if (unsent.has(action.state)) {
    const end = endOf(action, facts);
    if (end) return { answer: 'end', ...end };
  }
  const paused = pausedUntil(source, now);
  // An action that waits for the source has no own time. If paused again, it is rewritten so that SQS accepts its next message.
  if (isEarly(action, now) && !isInFlight(action) && action.waitsFor !== 'source')
    return { answer: 'early', until: action.notBefore ?? now };
  if (device === null) return wait('The device is not known here yet; the next gather of its source looks for it.', now + minute);
  if (facts.reach !== 'direct' && now >= action.expiresAt) return { answer: 'end', event: 'fail', note: unknownAtDeadline };
  // A relay that connects sends every action that waits for it.
  if (facts.reach === 'relay') return { ...wait(noRelay, now + longestWait), for: 'source' };
  if (facts.reach === 'unconfigured')
    return wait('This source is not in the configuration; put it back, or cancel the action.', now + longestWait);
  if (paused !== null) return { ...wait(paused.note, paused.until), for: 'source' };
  const others = facts.open.filter((other) => other.actionId !== action.actionId);
  const busyUntil = Math.max(0, ...others.map((other) => heldUntil(other, now)));
  if (busyUntil > now) return wait('Another action on this device is under way.', busyUntil);
  if (unsent.has(action.state) && effects[action.type].givesWay) {
    // A wipe that a newer request cancels is never sent; waiting for it would let its cancellation overtake this action.
    if (others.some((other) => isPendingWipe(other) && !others.some((newer) => supersedes(newer, other))))
      return wait('A wipe of this device goes first: a device that is kept out cannot fetch it.', now + minute);
    // It may be in the bulk queue. Other older actions end as superseded.
    if (others.some((other) => isQueuedRemoval(other) && isNewer(action, other)))
      return wait('An earlier removal of this device goes first.', now + minute);
  }
  return { answer: 'go' };
}

const isQueuedRemoval = ({ type, state }: Action): boolean => traitsOf(type).removes && state === 'queued';

const isEarly = ({ notBefore }: Action, now: number) => notBefore !== null && notBefore > now + clockTolerance;

/** A problem of the source lasts until a successful reading; after the pause, one action at a time probes it. */
export const hasProblem = ({ pause, problem }: Pick<ReadinessFacts['source'], 'pause' | 'problem'>): boolean =>
  Boolean(pause) || problem?.kind === 'denied';

/** When the pause of the whole source ends; null when it is not paused. */
export function pausedUntil(
  { problem, retryAt, pause }: ReadinessFacts['source'],
  now: number,
): { until: number; note: string } | null {
  if (problem?.kind === 'denied' && retryAt !== null && retryAt > now)
    return {
      until: retryAt,
      note: 'The Traveler server turns our credentials away; it is left alone until they are put right.',
    };
  if (pause && pause.until > now) return { until: pause.until, note: `${pause.what}; its actions wait until it is well again.` };
  return null;
}

const noRelay = 'This source is reached through a relay, and none is connected.';
const minute = 60_000;
const wait = (note: string, until: number): Extract<Readiness, { answer: 'wait' }> => ({ answer: 'wait', until, note });

/** One at a time per device: an action that a worker holds, or whose outcome is unknown, goes first. */
function heldUntil({ state, claim, notBefore }: Action, now: number): number {
  if (claim !== null && claim.until > now) return claim.until;
  return state === 'dispatched' || state === 'unknown' ? Math.max(notBefore ?? 0, now + 5 * clockTolerance) : 0;
}

function endOf(action: Action, { now, device, open }: ReadinessFacts) {
  if (now >= action.expiresAt) return { event: 'expire', note: deadlinePassed(action) } as const;
  const newer = open.find((other) => supersedes(other, action));
  if (newer) return { event: 'supersede', note: `A newer request, ${newer.type} ${newer.actionId}, takes its place.` } as const;
  if (device === null) return null;
  if (action.registeredAt !== null && action.registeredAt !== device.registeredAt) return { event: 'fail', note: stale } as const;
  if (device.presence === 'removed' && !traitsOf(action.type).removes) return { event: 'fail', note: removed } as const;
  const sign = setUpAnew(action, device);
  return sign === null ? null : ({ event: 'fail', note: staleWipe(sign) } as const);
}

/** Also used when the attempt itself finds it stale. */
export const staleWipe = (sign: string): string =>
  `Refused as stale: since the wipe was asked for, the phone may have been set up anew (${sign}). Ask again if the present phone is to be wiped.`;
const unknownAtDeadline =
  'Its deadline passed while its source could not be reached, so nobody knows whether it took effect; look at the device on the Traveler server.';

const stale =
  'Refused as stale: the device was removed and registered anew since this was asked for. Ask again if it is meant for the new registration.';
const removed =
  'The device is no longer on the Traveler server, so there is nothing to act on. If its phone syncs again, gather the source and ask again.';
