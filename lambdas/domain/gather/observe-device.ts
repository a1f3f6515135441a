/**
 * What one reading of a device means for what is stored of it: the device to be stored, its timeline lines, and whether its
 * verdict may change. Pure; `stored` is null for a device never seen.
 */

import { isAdmitted } from '#domain/actions/own-block';
import type { Device, DeviceDetail, DeviceKey, ListedDevice } from '#domain/devices/device';
import { changedLines, discoveredLine, returnedLines } from '#domain/gather/observation-lines';
import type { TimelineEntry } from '#domain/journal/timeline';

export type Look = {
  row: ListedDevice;
  /** The full record, with the time of its request (epoch ms); null when it was not or could not be read. */
  full: { detail: DeviceDetail; askedAt: number } | null;
  /** It was requested and could not be read. */
  unread?: boolean;
  /** A new last sync is due to be stored. At other times that alone is no change. */
  rollUp: boolean;
};

export type ObservationContext = {
  sourceId: string;
  runId: string;
  /** Start of the run: the same in every repetition, so that its lines are the same. */
  at: number;
  /** The id under which this run records existing devices (null: it does not), and the ids of committed baselines. */
  baseline: string | null;
  baselineRuns: readonly string[];
  /** The baseline is committed, and this run only completes the switch-on: what the baseline recorded is kept. */
  baselineRepeated?: boolean;
};

export type Observation = {
  device: Device;
  /** Nothing to store: the device is unchanged. */
  same: boolean;
  lines: TimelineEntry[];
  /** Something changed that may affect a verdict. */
  decides: boolean;
};

export function observe(stored: Device | null, look: Look, context: ObservationContext): Observation {
  const key = { sourceId: context.sourceId, user: look.row.user, deviceId: look.row.deviceId };
  if (stored === null) return first(key, look, context);
  // This run began before our own removal, so the row may be older than that and says nothing about now.
  if (stored.removal && context.at <= stored.removal.at) return { device: stored, same: true, lines: [], decides: false };
  const relisted = stored.presence === 'removed' ? registeredAnew(stored, context.at) : returned(stored, context.at);
  const device = overruled(recorded(withReading(relisted, look), look, recordingOf(stored, context)), context.at);
  const lines = [
    ...returnedLines(stored, device, context),
    ...changedLines(stored, device, context),
    ...overruledLines(stored, device, context),
  ];
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
  const device = recorded(fresh, look, context);
  return { device, same: false, lines: [discoveredLine(device, context.at)], decides: true };
}

const described = ({ provider, type, level, notification, lastSync, href }: ListedDevice) => ({
  provider,
  type,
  level,
  notification,
  lastSync,
  href,
});

/** A removed device that is listed again is another registration: our own block and its baseline ended with the old one. */
function registeredAnew(stored: Device, at: number): Device {
  const fresh = { denial: null, baselineRun: null, baselineOwed: null, heldSince: null, removal: null, overruled: null };
  return { ...stored, ...fresh, registeredAt: at, observedSeq: stored.observedSeq + 1 };
}

/** Missing and back again: a wipe requested before must not hit it (wipe.ts). */
const returned = (stored: Device, at: number): Device => (stored.presence === 'missing' ? { ...stored, returnedAt: at } : stored);

/**
 * Our own block is gone, and no open action of ours could have lifted it: somebody lifted it on the server. That takes
 * precedence: the denial is no longer recorded as ours, and Auto-Quarantine does not block again.
 */
function overruled(device: Device, at: number): Device {
  const { denial, openAction, detail } = device;
  if (denial === null || openAction !== null || detail === null || !isAdmitted(detail)) return device;
  return { ...device, denial: null, overruled: { was: denial.kind, at } };
}

function overruledLines(stored: Device, device: Device, { at, runId }: ObservationContext): TimelineEntry[] {
  if (!device.overruled || stored.overruled?.at === device.overruled.at) return [];
  const was = device.overruled.was === 'hold' ? 'hold' : 'block';
  const says = `Our ${was} was lifted on the Traveler server itself. It is not put back; ask for a block if one is meant.`;
  return [{ at, id: `overruled|${runId}`, kind: 'notice', says, data: { was } }];
}

/** An action may have read the device back after we requested its record: the newer reading is kept. */
function withReading(stored: Device, { row, full }: Look): Device {
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

/**
 * In a baseline run, a device that is neither pending nor denied is recorded as existing; a committed record is kept. For a
 * device whose full record cannot be read then, `baselineOwed` is set: the first readable full record, in any run, decides.
 */
function recorded(device: Device, { full, unread = false }: Look, { baseline, baselineRuns }: ObservationContext): Device {
  if (device.baselineRun !== null && baselineRuns.includes(device.baselineRun)) return device;
  const run = baseline ?? device.baselineOwed ?? null;
  if (run === null || (full === null && baseline === null)) return device;
  if (full === null && device.baselineRun === run) return device;
  if (full === null) return { ...device, baselineRun: null, ...(unread ? { baselineOwed: run } : {}) };
  return withBaseline(device, isExistingConnection(device.detail) ? run : null);
}

/**
 * A device that waited when existing devices were recorded may have been approved since, even by us (Secure Mail is approved
 * before Auto-Quarantine is in force): that does not make it an existing device.
 */
const recordingOf = ({ presence }: Device, context: ObservationContext): ObservationContext =>
  context.baselineRepeated && presence === 'present' ? { ...context, baseline: null } : context;

const withBaseline = (device: Device, baselineRun: string | null): Device =>
  device.baselineOwed ? { ...device, baselineRun, baselineOwed: null } : { ...device, baselineRun };

/** Neither waiting nor denied. An unknown approval does not count: nothing may later be approved because of it. */
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

const listedFields = ['provider', 'type', 'level', 'notification', 'href'] as const;

function differs(stored: Device, device: Device, { rollUp }: Look): boolean {
  return (
    listedFields.some((field) => stored[field] !== device[field]) ||
    !sameDetail(stored.detail, device.detail) ||
    stored.presence !== device.presence ||
    stored.registeredAt !== device.registeredAt ||
    stored.baselineRun !== device.baselineRun ||
    stored.baselineOwed !== device.baselineOwed ||
    stored.denial !== device.denial ||
    (rollUp && stored.lastSync !== device.lastSync)
  );
}

function decides(stored: Device, device: Device): boolean {
  return (
    stored.type !== device.type ||
    !sameShown(stored.detail, device.detail) ||
    stored.presence !== device.presence ||
    stored.registeredAt !== device.registeredAt ||
    stored.baselineRun !== device.baselineRun ||
    stored.baselineOwed !== device.baselineOwed ||
    stored.denial !== device.denial
  );
}
