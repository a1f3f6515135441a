/**
 * Traveler's device records, parsed leniently in form (numbers as strings, missing fields, times as text) and strictly in
 * meaning: an unknown code becomes `unknown` and is kept as received. Field names and codes: docs on Traveler's wire.
 *
 * Written by hand instead of as a schema because every gather parses every row of every page; the test checks the results
 * against the schemas `listedDevice` and `deviceDetail`.
 */
import type { Access, Approval, DeviceDetail, ListedDevice, Wipe } from '#domain/devices/device';

type Fields = Record<string, unknown>;

/** Maps, not objects: a code named `constructor` must be unknown too. */
const approvals = new Map<string, Approval>([
  ['0', 'unset'],
  ['1', 'pending'],
  ['2', 'approved'],
  ['4', 'auto-approved'],
  ['8', 'denied'],
  ['16', 'not-required'],
]);
/** The vendor's code of an approval; undefined for `unknown`, which no server sends. */
export const approvalCode = (approval: Approval): number | undefined => {
  const code = [...approvals].find(([, name]) => name === approval)?.[0];
  return code === undefined ? undefined : Number(code);
};
const accesses = new Map<string, Access>([
  ['0', 'allow'],
  ['1', 'deny'],
  ['2', 'prohibit'],
]);
const compliances = new Map([
  ['0', 'no-policy'],
  ['1', 'client-unsupported'],
  ['2', 'not-compliant'],
  ['3', 'limited'],
  ['4', 'compliant'],
  ['5', 'unavailable'],
  ['6', 'pending'],
]);
const notifications = new Map([
  ['0', 'none'],
  ['1', 'sms'],
  ['2', 'tcp'],
  ['4', 'http'],
  ['8', 'activesync'],
]);

/** Kept as received, because they may parse as `unknown`. */
const coded = [
  'approval_policy',
  'access_status',
  'policy_compliance',
  'requested_wipe_options',
  'wipe_request_status',
  'wipe_types_supported',
] as const;

/** DynamoDB's limits on keys, minus what our keys add (adapters/dynamodb/keys.ts). UTF-8 bytes. */
const longest = { user: 950, deviceId: 900 } as const;

/** A list row, with its detail if it carries one; null when it has no user or device id that we can store. */
export function parseListed(row: unknown): ListedDevice | null {
  if (!isFields(row)) return null;
  const user = identity(row.username, longest.user);
  const deviceId = identity(row.deviceid, longest.deviceId);
  if (user === null || deviceId === null) return null;
  const notification = text(row.notification_type);
  return {
    user,
    deviceId,
    provider: text(row.device_provider),
    type: text(row.device_type),
    level: text(row.device_level),
    notification: notifications.get(notification) ?? notification,
    lastSync: time(row.last_sync_time),
    href: typeof row.href === 'string' ? row.href : '',
    detail: carriesDetail(row) ? parseDetail(row) : null,
  };
}

/** A full record: missing fields are unknown, except that missing wipe fields mean that no wipe was requested. Null as above. */
export function parseFull(record: unknown): (ListedDevice & { detail: DeviceDetail }) | null {
  const listed = parseListed(record);
  return listed && isFields(record) ? { ...listed, detail: parseDetail(record) } : null;
}

/** Approval, access and wipe must all be present: otherwise the full record still has to be read. */
function carriesDetail(row: Fields): boolean {
  return (
    row.approval_policy !== undefined &&
    row.access_status !== undefined &&
    (row.requested_wipe_options !== undefined || row.wipe_request_status !== undefined)
  );
}

function parseDetail(record: Fields): DeviceDetail {
  const codes: Record<string, string> = {};
  for (const field of coded) if (record[field] !== undefined) codes[field] = text(record[field]);
  return {
    approval: approvals.get(codes.approval_policy ?? '') ?? 'unknown',
    access: accesses.get(codes.access_status ?? '') ?? 'unknown',
    wipe: wipeOf(codes, time(record.wipe_action_date)),
    wipeTypes: codes.wipe_types_supported ?? '',
    compliance: compliances.get(codes.policy_compliance ?? '') ?? 'unknown',
    approvalDate: time(record.approval_date),
    approvers: names(record.approver_ids),
    wipeDate: time(record.wipe_action_date),
    codes,
  };
}

/**
 * A date means that the phone was wiped, an option that a wipe is requested. A status alone means that something is in progress
 * that we do not know.
 */
function wipeOf(codes: Record<string, string>, date: number | null): Wipe {
  if (date !== null) return 'wiped';
  if (!isNothing(codes.requested_wipe_options)) return 'requested';
  return isNothing(codes.wipe_request_status) ? 'none' : 'unknown';
}

const nothing = new Set(['', '0', 'none', 'null', 'false', '[]']);
const isNothing = (code = '') => nothing.has(code.toLowerCase());

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as text; a list is joined; anything else counts as missing. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? value.map(text).filter(Boolean).join('/') : '';
}

/** A name as received; null for a number too large to be exact, blank or overlong text, and control characters. */
function identity(value: unknown, bytes: number): string | null {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return null;
  const name = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  if (name.trim() === '' || hasControl(name) || !name.isWellFormed()) return null;
  return name.length * 3 <= bytes || utf8.encode(name).length <= bytes ? name : null;
}

const utf8 = new TextEncoder();

function hasControl(name: string): boolean {
  for (let index = 0; index < name.length; index++) if (name.charCodeAt(index) < 32) return true;
  return false;
}

const latest = 8.64e15;

/** Epoch milliseconds, UTC; null (never) for `"0"`, `""` and anything that is not a time. */
function time(value: unknown): number | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const at = Number(value);
  return at > 0 && at <= latest ? Math.trunc(at) : null;
}

function names(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(text).filter((name) => name !== '');
  return text(value)
    .split(/[,;]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
