/**
 * What one look at a device means for what is stored of it: the device as it is to be stored, its timeline lines, and
 * whether its verdict may change. Pure; `stored` is null for a device never seen.
 */
import type { Device, DeviceDetail, DeviceKey, ListedDevice } from '#domain/device';
import type { TimelineEntry } from '#domain/timeline';

export type Look = {
  row: ListedDevice;
  /** The full record, with the time it was asked for; null when it was not read, or could not be. */
  full: { detail: DeviceDetail; askedAt: number } | null;
  /** Is this the device's turn to have a new last sync stored? At other times that alone is no change. */
  rollUp: boolean;
};

export type ObservationContext = {
  sourceId: string;
  runId: string;
  /** Start of the run: the same in every repetition of it, so that its lines are the same lines. */
  at: number;
  /** Under which id existing devices are recorded (null: not in this run), and which such ids are committed. */
  baseline: string | null;
  baselineRuns: readonly string[];
};

export type Observation = {
  device: Device;
  /** Nothing to store: the device is as it was. */
  same: boolean;
  lines: TimelineEntry[];
  /** Something changed that a verdict may rest on. */
  decides: boolean;
};

export function observe(stored: Device | null, look: Look, context: ObservationContext): Observation {
  const key = { sourceId: context.sourceId, user: look.row.user, deviceId: look.row.deviceId };
  if (stored === null) return first(key, look, context);
  const again = stored.presence === 'removed' ? registeredAnew(stored, context.at) : stored;
  const device = recorded(seen(again, look), look, context);
  const lines = [...returned(stored, context), ...changed(stored, device, context)];
  return { device, same: !differs(stored, device, look), lines, decides: decides(stored, device) };
}

function first(key: DeviceKey, look: Look, context: ObservationContext): Observation {
  const fresh: Device = {
    ...key,
    ...described(look.row),
    detail: look.full?.detail ?? null,
    presence: 'present',
    missingSince: null,
    firstSeen: context.at,
    registeredAt: context.at,
    observedAt: look.full?.askedAt ?? context.at,
    observedSeq: 0,
    baselineRun: null,
    denial: null,
    openAction: null,
    verdict: null,
    match: null,
    heldSince: null,
  };
  const says = `Discovered: ${look.row.provider || look.row.type || 'a device'} syncs mail.`;
  const line: TimelineEntry = { at: context.at, id: 'discovered', kind: 'discovered', says, data: { type: look.row.type } };
  return { device: recorded(fresh, look, context), same: false, lines: [line], decides: true };
}

const described = ({ provider, type, level, notification, lastSync, href }: ListedDevice) => ({
  provider,
  type,
  level,
  notification,
  lastSync,
  href,
});

/** A device that was removed and is listed again is another registration: our bar and what we knew of it went with the old one. */
function registeredAnew(stored: Device, at: number): Device {
  return { ...stored, registeredAt: at, denial: null, baselineRun: null, heldSince: null, observedSeq: stored.observedSeq + 1 };
}

/** An action may have read the device back after we asked for its record: what is newer stays. */
function seen(stored: Device, { row, full }: Look): Device {
  const listed: Device = { ...stored, ...described(row), presence: 'present', missingSince: null };
  if (full === null || (full.askedAt <= stored.observedAt && stored.detail !== null)) return listed;
  const moved = !sameShown(stored.detail, full.detail);
  return {
    ...listed,
    detail: full.detail,
    observedAt: full.askedAt,
    observedSeq: moved && stored.detail !== null ? listed.observedSeq + 1 : listed.observedSeq,
  };
}

/** In a baseline run, a device that is neither pending nor denied is recorded as existing; a committed record is kept. */
function recorded(device: Device, { full }: Look, { baseline, baselineRuns }: ObservationContext): Device {
  if (baseline === null) return device;
  if (device.baselineRun !== null && baselineRuns.includes(device.baselineRun)) return device;
  if (full === null) return device.baselineRun === baseline ? device : { ...device, baselineRun: null };
  return { ...device, baselineRun: isExistingConnection(device.detail) ? baseline : null };
}

/** Neither waiting nor barred. An unknown approval is not recorded: nothing may later be approved on the strength of it. */
export function isExistingConnection(detail: DeviceDetail | null): boolean {
  if (detail === null || detail.access === 'deny' || detail.access === 'prohibit') return false;
  return detail.approval !== 'pending' && detail.approval !== 'denied' && detail.approval !== 'unknown';
}

export function sameShown(a: DeviceDetail | null, b: DeviceDetail | null): boolean {
  return a?.approval === b?.approval && a?.access === b?.access && a?.wipe === b?.wipe;
}

/** Field by field: a stored record does not keep the order of its fields. */
function sameDetail(a: DeviceDetail | null, b: DeviceDetail | null): boolean {
  if (a === null || b === null) return a === b;
  const plain = ['wipeTypes', 'compliance', 'approvalDate', 'wipeDate'] as const;
  const codes = Object.keys({ ...a.codes, ...b.codes });
  return (
    sameShown(a, b) &&
    plain.every((field) => a[field] === b[field]) &&
    a.approvers.join('\n') === b.approvers.join('\n') &&
    codes.every((code) => a.codes[code] === b.codes[code])
  );
}

const told = ['provider', 'type', 'level', 'notification', 'href'] as const;

function differs(stored: Device, device: Device, { rollUp }: Look): boolean {
  return (
    told.some((field) => stored[field] !== device[field]) ||
    !sameDetail(stored.detail, device.detail) ||
    stored.presence !== device.presence ||
    stored.registeredAt !== device.registeredAt ||
    stored.baselineRun !== device.baselineRun ||
    (rollUp && stored.lastSync !== device.lastSync)
  );
}

function decides(stored: Device, device: Device): boolean {
  return (
    stored.type !== device.type ||
    !sameShown(stored.detail, device.detail) ||
    stored.presence !== device.presence ||
    stored.registeredAt !== device.registeredAt ||
    stored.baselineRun !== device.baselineRun
  );
}

function returned(stored: Device, { at, runId }: ObservationContext): TimelineEntry[] {
  if (stored.presence === 'present') return [];
  const says =
    stored.presence === 'removed' ? 'Registered again after it had been removed.' : 'The server lists this device again.';
  return [{ at, id: `returned|${runId}`, kind: 'returned', says, data: { was: stored.presence } }];
}

function changed(stored: Device, device: Device, { at, runId }: ObservationContext): TimelineEntry[] {
  const described = (['provider', 'type', 'level', 'notification'] as const)
    .filter((field) => stored[field] !== device[field])
    .map((field) => ({ field, before: stored[field], after: device[field] }));
  const shown = (['approval', 'access', 'wipe', 'compliance'] as const)
    .filter((field) => stored.detail !== null && stored.detail[field] !== device.detail?.[field])
    .map((field) => ({ field, before: stored.detail?.[field] ?? null, after: device.detail?.[field] ?? null }));
  const changes = [...described, ...shown];
  if (changes.length === 0) return [];
  const says = changes.map(({ field, before, after }) => `${field}: ${before || 'none'} → ${after || 'none'}`).join(', ');
  return [{ at, id: `changed|${runId}`, kind: 'changed', says: `Changed on the server: ${says}.`, data: { changes } }];
}
