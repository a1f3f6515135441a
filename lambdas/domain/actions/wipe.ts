/** What a wipe may do on a device, and what the server shows of it. Pure; codes as Traveler sends them. */

import type { Action, WipeTarget } from '#domain/actions/action';
import { isWipe } from '#domain/actions/action-types';
import type { Device, DeviceDetail } from '#domain/devices/device';

export const wipeFlags: Record<WipeTarget, string> = {
  device: 'wipeDevice',
  apps: 'wipeApps',
  'storage-card': 'wipeStorageCard',
};

/** `wipe_types_supported`: what each code allows. Any other code is unknown and refused. */
const allowed = new Map<string, readonly WipeTarget[]>([
  ['1', ['device', 'apps', 'storage-card']],
  ['2', ['apps', 'storage-card']],
  ['3', ['device']],
  ['4', ['apps']],
  ['5', ['device', 'apps']],
]);

/** Why this device cannot be wiped like this, in one sentence for an administrator; null when it can. */
export function wipeRefusal(wipeTypes: string, targets: readonly WipeTarget[]): string | null {
  const can = allowed.get(wipeTypes);
  if (!can)
    return `The server does not say which wipes this device supports (${wipeTypes || 'no code'}), so none was sent; wipe it from the Traveler administration if it must be wiped.`;
  const cannot = targets.filter((target) => !can.includes(target));
  if (targets.length > 0 && cannot.length === 0) return null;
  return `This device does not support wiping ${cannot.join(' and ') || 'nothing'}, so no wipe was sent; it supports ${can.join(', ')}: ask for that instead.`;
}

/** The targets of a pending wipe; null when its code is unknown. */
export function pendingTargets({ codes }: Pick<DeviceDetail, 'codes'>): WipeTarget[] | null {
  const options = (codes.requested_wipe_options ?? '').toLowerCase().split(/[^a-z]+/);
  const named = (Object.keys(wipeFlags) as WipeTarget[]).filter((target) => options.includes(wipeFlags[target].toLowerCase()));
  return named.length === 0 ? null : named;
}

/**
 * How far a wipe has progressed, by what the server shows:
 * - `none`: nothing is pending; `pending`: on the server, and not fetched by the phone as far as is shown;
 * - `fetched`: no longer pending, and the server still shows a status: the phone has fetched it;
 * - `wiped`: the server shows when it was carried out;
 * - `other`: another wipe than this one is pending.
 */
export type WipeProgress = 'none' | 'pending' | 'fetched' | 'wiped' | 'other';

/** `sent`: we have sent it; a pending wipe with an unknown code then counts as ours. */
export function wipeProgress(
  detail: Pick<DeviceDetail, 'wipe' | 'codes'>,
  { targets, sent }: { targets: readonly WipeTarget[]; sent: boolean },
): WipeProgress {
  if (detail.wipe === 'none') return 'none';
  if (detail.wipe === 'unknown') return 'fetched';
  const named = pendingTargets(detail);
  const covered = named === null ? sent : targets.every((target) => named.includes(target));
  if (detail.wipe === 'wiped') return covered || named === null ? 'wiped' : 'other';
  return covered ? 'pending' : 'other';
}

type Fenced = Pick<Action, 'type' | 'fence' | 'requestedAt' | 'registeredAt'>;
type Stored = Pick<Device, 'href' | 'registeredAt' | 'returnedAt'> & { detail: Pick<DeviceDetail, 'approval'> | null };

/** The sign that the phone behind this record may not be the one for which the wipe was requested; null when there is none. */
export function setUpAnew({ type, fence, requestedAt }: Fenced, device: Partial<Stored>): string | null {
  if (!isWipe({ type })) return null;
  if (device.returnedAt && device.returnedAt > requestedAt) return 'it was away from the server and came back';
  if (fence === undefined) return null;
  if (device.href !== undefined && device.href !== fence.href) return 'its record on the server is another one';
  const waits = device.detail?.approval === 'pending' && fence.approval !== null && fence.approval !== 'pending';
  return waits ? 'it waits for approval again' : null;
}

/** A wipe that has not reached the phone as far as is known, and does not wait for a confirmation. */
export function isPendingWipe({ type, state, confirmation }: Pick<Action, 'type' | 'state' | 'confirmation'>): boolean {
  if (!isWipe({ type }) || state === 'delivered') return false;
  return !(state === 'waiting' && confirmation !== undefined && confirmation.confirmedAt === null);
}
