/**
 * The server's state of a device, in the terms of rules and plans. An `unknown` value is neither access nor a denial, so nothing
 * is approved or blocked because of it.
 */
import type { DeviceFacts } from './device-facts.ts';

/** It is known to wait for approval. */
export function isPending({ detail }: DeviceFacts): boolean {
  return detail?.approval === 'pending';
}

/** It can sync now: its access is allowed, and its approval is not pending, denied or unknown. */
export function hasAccess({ detail }: Pick<DeviceFacts, 'detail'>): boolean {
  if (detail?.access !== 'allow') return false;
  return detail.approval !== 'pending' && detail.approval !== 'denied' && detail.approval !== 'unknown';
}

/** Approved on the server, by a person or by the server's own allowance. */
export function isApprovedOnServer({ detail }: DeviceFacts): boolean {
  return detail?.approval === 'approved' || detail?.approval === 'auto-approved';
}

/**
 * Denied or prohibited on the server, by anyone. A device that waits is locked out as part of waiting: `deny` with `pending` is a
 * denial of its own only if we wrote it (docs/decisions/0008-decision-readings.md).
 */
export function isDeniedOnServer({ detail, denial }: DeviceFacts): boolean {
  if (detail?.approval === 'denied' || detail?.access === 'prohibit') return true;
  return detail?.access === 'deny' && (detail.approval !== 'pending' || denial !== null);
}

/** Denied by our own block. */
export function isDeniedByUs(device: DeviceFacts): boolean {
  return device.denial !== null && isDeniedOnServer(device);
}

/**
 * Only Auto-Quarantine's own block, as far as is known, denies a device that had access: lifting the block gives access back.
 * False if it waits for approval, was prohibited since, or shows values that we cannot read.
 */
export function hasLostAccessByUs(device: DeviceFacts): boolean {
  const { denial, detail } = device;
  if (denial?.took === undefined || detail === null || !isDeniedOnServer(device)) return false;
  return detail.access === 'deny' && isReadable(detail) && detail.approval !== 'pending';
}

const isReadable = ({ approval, wipe }: NonNullable<DeviceFacts['detail']>) => approval !== 'unknown' && wipe !== 'unknown';

/** Our own block, when lifting it is safe: not while approval or wipe is unknown, because lifting might clear a pending wipe. */
export function isOurDenialToLift(device: DeviceFacts): boolean {
  return isDeniedByUs(device) && device.detail !== null && isReadable(device.detail);
}

/** A wipe was requested and not cancelled, or was carried out. */
export function isUnderWipe({ detail }: DeviceFacts): boolean {
  return detail?.wipe === 'requested' || detail?.wipe === 'wiped';
}
