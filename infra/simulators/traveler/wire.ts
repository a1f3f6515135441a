/** Renders records and envelopes exactly as Traveler does: numbers as strings, slashes escaped, one device as an object. */
import { lastSyncOf, type SimulatedDevice } from './fleet.ts';

export type Format = { seed: number; now: number; realNumbers: boolean; full: boolean };

const plain = /^[\w .:()/-]*$/;

/** JSON text of a string, with `\/` for every slash. */
export function quoted(text: string): string {
  return (plain.test(text) ? `"${text}"` : JSON.stringify(text)).replaceAll('/', '\\/');
}

/** Cache for texts that repeat; cleared when it has too many entries. */
const known = new Map<string, string>();
function quotedOnce(text: string): string {
  const before = known.get(text);
  if (before !== undefined) return before;
  if (known.size > 1000) known.clear();
  const json = quoted(text);
  known.set(text, json);
  return json;
}

export function renderDevice(device: SimulatedDevice, { seed, now, realNumbers, full }: Format): string {
  const number = (value: number | string) => (realNumbers ? String(value) : `"${value}"`);
  const listed =
    `{"username":${quoted(device.user)},"deviceid":${quoted(device.deviceId)},"device_provider":${quotedOnce(device.provider)}` +
    `,"device_type":${quotedOnce(device.type)},"device_level":${quotedOnce(device.level)}` +
    `,"notification_type":${number(device.notification)},"last_sync_time":${number(lastSyncOf(device.index, seed, now))}` +
    `,"href":${quoted(device.href)}`;
  if (!full) return `${listed}}`;
  return (
    `${listed},"approval_policy":${number(device.approval)},"approval_date":${number(device.approvalDate)}` +
    `,"approver_ids":${quoted(device.approver)},"access_status":${number(device.access)},"policy_compliance":${number(0)}` +
    `,"wipe_types_supported":${number(device.wipeTypes)},"requested_wipe_options":${quoted(device.wipeOptions)}` +
    `,"wipe_request_status":${quoted(device.wipeStatus)},"wipe_action_date":${number(device.wipeDate)},"sms_address":""}`
  );
}

export type Wrapping = { href: string; next?: string | null; totalRecords?: number; code?: number };

/** `data` is JSON text. `next` undefined leaves it out. */
export function envelopeOf(data: string, { href, next, totalRecords, code = 200 }: Wrapping): string {
  const after = next === undefined ? '' : `,"next":${next === null ? 'null' : quoted(next)}`;
  const total = totalRecords === undefined ? '' : `,"totalRecords":"${totalRecords}"`;
  return `{"code":${code},"message":"${code === 200 ? 'OK' : 'Error'}","href":${quoted(href)}${after}${total},"data":${data}}`;
}

/** A flat record as Traveler writes it: values that are not strings become strings. */
export function renderRecord(record: Record<string, string | number | boolean>): string {
  return `{${Object.entries(record)
    .map(([name, value]) => `${quoted(name)}:${quoted(String(value))}`)
    .join(',')}}`;
}
