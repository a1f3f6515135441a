/**
 * What the server shows of a device, in the words that rules and plans use. Each answers only from what is known: an
 * `unknown` is neither access nor a bar, so nothing is approved or blocked on the strength of it.
 */
import type { DeviceFacts } from './device-facts.ts';

/** It waits for approval: known to be pending. */
export function isPending({ detail }: DeviceFacts): boolean {
  return detail?.approval === 'pending';
}

/** It can sync now: allowed in, and by its approval not waiting, denied or unknown. */
export function hasAccess({ detail }: Pick<DeviceFacts, 'detail'>): boolean {
  if (detail?.access !== 'allow') return false;
  return detail.approval !== 'pending' && detail.approval !== 'denied' && detail.approval !== 'unknown';
}

/** Approved on the server, by a person or by the server's own allowance. */
export function isApprovedOnServer({ detail }: DeviceFacts): boolean {
  return detail?.approval === 'approved' || detail?.approval === 'auto-approved';
}

/**
 * Denied or barred on the server, by anyone. A device that waits is locked out as part of waiting: `deny` beside `pending`
 * is a bar of its own only where we put it there (docs/decisions/0008-decision-readings.md).
 */
export function isDeniedOnServer({ detail, denial }: DeviceFacts): boolean {
  if (detail?.approval === 'denied' || detail?.access === 'prohibit') return true;
  return detail?.access === 'deny' && (detail.approval !== 'pending' || denial !== null);
}

/** Barred, and the bar is ours to lift. */
export function isDeniedByUs(device: DeviceFacts): boolean {
  return device.denial !== null && isDeniedOnServer(device);
}

/**
 * Barred by Auto-Quarantine's own doing though it had access, and by nothing else that is known: undoing that bar gives back what
 * was taken. Not where it waits for approval, was prohibited since, or shows what we cannot read.
 */
export function hasLostAccessByUs(device: DeviceFacts): boolean {
  const { denial, detail } = device;
  if (denial?.took === undefined || detail === null || !isDeniedOnServer(device)) return false;
  return detail.access === 'deny' && isReadable(detail) && detail.approval !== 'pending';
}

const isReadable = ({ approval, wipe }: NonNullable<DeviceFacts['detail']>) => approval !== 'unknown' && wipe !== 'unknown';

/** Our own bar, lifted only where we know what it is: not while it is unknown whether a wipe is pending, which that might clear. */
export function isOurDenialToLift(device: DeviceFacts): boolean {
  return isDeniedByUs(device) && device.detail !== null && isReadable(device.detail);
}

/** A wipe was requested and not cancelled, or was carried out. */
export function isUnderWipe({ detail }: DeviceFacts): boolean {
  return detail?.wipe === 'requested' || detail?.wipe === 'wiped';
}
