/**
 * Converts a document of Traveler 8.5's own database, LotusTraveler.nsf, to a device. Pure. Its items say less than a full record
 * over REST: anything they do not say is unknown, never guessed.
 *
 *   Username, deviceid, device_provider, device_type, device_level, lastSyncTime, notificationType
 *   approvalFlag    codes as approval_policy; 0 reads as not required
 *   banned          "1": prohibited
 *   wipeRequested   non-empty: a wipe is requested, and the device is denied until it is cleared
 *   wipeSupported   as wipe_types_supported
 */
import type { Found } from '#adapters/traveler/contract';
import { parseFull } from '#domain/gather/traveler-record';

/** Value of an item: a text, a number, a list; a time as epoch ms. Names are spelled as on the server. */
export type Items = Readonly<Record<string, unknown>>;

/** Null for a document without a user or device. `href` identifies the document; a new registration has another one. */
export function deviceOf(items: Items, href: string): Found | null {
  const item = byName(items);
  const [approvalFlag, wipeRequested] = [text(item('approvalFlag')), text(item('wipeRequested'))];
  const found = parseFull({
    username: item('Username'),
    deviceid: item('deviceid'),
    device_provider: item('device_provider'),
    device_type: item('device_type'),
    device_level: item('device_level'),
    notification_type: item('notificationType'),
    last_sync_time: item('lastSyncTime'),
    href,
    approval_policy: approvalFlag,
    requested_wipe_options: wipeRequested,
    wipe_types_supported: text(item('wipeSupported')),
  });
  if (found === null) return null;
  const { approval, wipe, codes } = found.detail;
  const banned = text(item('banned'));
  return {
    ...found,
    detail: {
      ...found.detail,
      approval: approval === 'unset' ? 'not-required' : approval,
      access: accessOf(banned, wipe === 'requested'),
      wipe: wipeRequested === undefined ? 'unknown' : wipe,
      codes: { ...codes, ...(banned === undefined ? {} : { banned }) },
    },
  };
}

function accessOf(banned: string | undefined, wiping: boolean): Found['detail']['access'] {
  if (banned === '1') return 'prohibit';
  if (wiping) return 'deny';
  return banned === '' || banned === '0' ? 'allow' : 'unknown';
}

/** Notes item names are case-insensitive. */
function byName(items: Items): (name: string) => unknown {
  const lower = new Map(Object.entries(items).map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => lower.get(name.toLowerCase());
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? value.map((one) => text(one) ?? '').join('/') : undefined;
}
