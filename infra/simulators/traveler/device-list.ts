/** Responses to reads: pages of the list, single records, servers, push status; each in Traveler's format, with faults. */
import type { FaultKind } from './faults.ts';
import { lastSyncOf, type SimulatedDevice } from './fleet.ts';
import type { Traveler } from './traveler.ts';
import { envelopeOf, type Format, renderDevice, renderRecord } from './wire.ts';

const rowsPerMultiple = 20;
const largestMultiple = 100;

export type ReadTarget = { path: string; query: URLSearchParams };
type Window = { page: number; multiple: number; from: number; to: number; last: boolean };

export function renderList(traveler: Traveler, target: ReadTarget): string {
  const window = windowOf(traveler, target, traveler.fleet.count);
  const rows = listRows(traveler, window);
  const total = traveler.fleet.count + (traveler.faults.get('total-off')?.by ?? 0);
  if (traveler.faults.get('empty-list')) return envelopeOf('[]', { href: target.path, totalRecords: 0 });
  return envelopeOf(rows.length === 1 ? (rows[0] ?? '[]') : `[${rows.join(',')}]`, {
    href: `${target.path}?page=${window.page}&pm=${window.multiple}`,
    totalRecords: total,
    ...nextOf(traveler, target, window),
  });
}

export function renderRecordAnswer(traveler: Traveler, index: number): string {
  const device = shownDevice(traveler, index);
  return envelopeOf(renderDevice(device, formatOf(traveler, true)), { href: device.href });
}

export function renderServers(traveler: Traveler, target: ReadTarget): string {
  const record = renderRecord({
    availability_index: 100,
    build_level: traveler.options.build,
    domino_name: 'CN=traveler1/O=Acme',
    heart_beat: traveler.now(),
    hostname: 'traveler1.acme.example',
    ip_address: '127.0.0.1',
    number_of_users: Math.ceil((traveler.fleet.count * 3) / 7),
    port: 50125,
    server_status: 1,
  });
  return envelopeOf(`[${record}]`, { href: target.path, totalRecords: 1 });
}

export function renderPushStatus(traveler: Traveler, target: ReadTarget): string {
  const window = windowOf(traveler, target, traveler.fleet.count);
  const rows = indexes(traveler, window).map((index) => renderRecord(pushRecord(shownDevice(traveler, index), traveler.now())));
  return envelopeOf(`[${rows.join(',')}]`, {
    href: `${target.path}?page=${window.page}&pm=${window.multiple}`,
    totalRecords: traveler.fleet.count,
    ...(window.last ? {} : { next: pageHref(target, window, window.page + 1) }),
  });
}

function pushRecord({ user, deviceId, notification }: SimulatedDevice, now: number): Record<string, string | number | boolean> {
  return {
    username: user,
    deviceid: deviceId,
    notification_type: notification,
    manufacturer_address: '',
    manufacturer_provided_id: '',
    applications_to_synchronize: 'email calendar contacts',
    change_flags: 0,
    connection: 'connected',
    connection_time: now - 60_000,
    offline_time: 0,
    last_message_received: now - 30_000,
    last_message_sent: now - 20_000,
    last_sync_time: now - 10_000,
    pending_sync: false,
    push_enabled: true,
  };
}

function windowOf({ faults }: Traveler, { query }: ReadTarget, count: number): Window {
  const multiple = Math.min(largestMultiple, positive(query.get('pm')));
  const page = positive(query.get('page'));
  const size = rowsPerMultiple * multiple;
  const shift = (faults.get('shifting-list')?.by ?? 0) * (page - 1);
  const from = Math.max(0, (page - 1) * size - shift);
  const last = from + size >= count || page >= (faults.get('truncated-list')?.pages ?? Number.POSITIVE_INFINITY);
  return { page, multiple, from, to: Math.min(count, from + size), last };
}

const positive = (text: string | null) => (text !== null && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 1);

function* counted(from: number, to: number): Generator<number> {
  for (let position = from; position < to; position++) yield position;
}

const indexes = ({ fleet }: Traveler, { from, to }: Window) =>
  Array.from(counted(from, to), (position) => fleet.indexAt(position));

const changesRows = new Set<FaultKind>([
  'duplicate-rows',
  'malformed-rows',
  'foreign-href',
  'details-in-list',
  'real-numbers',
  'unknown-codes',
]);

/** A cached row, split around the time of its last sync, the only part that changes. */
type CachedRow = { changes: unknown; odd: number; before: string; after: string };
const mostCached = 50_000;
const rowCaches = new WeakMap<Traveler, Map<number, CachedRow>>();

/** Rendering a row is the most expensive part: in fleets of ordinary size each row is rendered once. */
function plainRow(traveler: Traveler, index: number): string {
  const { fleet, options } = traveler;
  const kept = rowCaches.get(traveler) ?? new Map<number, CachedRow>();
  rowCaches.set(traveler, kept);
  const changes = fleet.changesOf(index);
  let cached = kept.get(index);
  if (cached === undefined || cached.changes !== changes || cached.odd !== fleet.oddEvery) {
    if (kept.size >= mostCached) kept.clear();
    const [before = '', after = ''] = renderDevice(fleet.device(index), formatOf(traveler, false)).split(lastSync);
    cached = { changes, odd: fleet.oddEvery, before, after };
    kept.set(index, cached);
  }
  return `${cached.before}"last_sync_time":"${lastSyncOf(index, options.seed, traveler.now())}"${cached.after}`;
}

const lastSync = /"last_sync_time":"\d+"/;

function listRows(traveler: Traveler, window: Window): string[] {
  const { faults } = traveler;
  if (faults.list.every(({ kind }) => !changesRows.has(kind)))
    return indexes(traveler, window).map((index) => plainRow(traveler, index));
  const format = formatOf(traveler, faults.get('details-in-list') !== undefined);
  const duplicated = faults.get('duplicate-rows')?.every;
  const malformed = faults.get('malformed-rows')?.every;
  const foreign = faults.get('foreign-href');
  return indexes(traveler, window).flatMap((index) => {
    const device = shownDevice(traveler, index);
    const away = foreign && index % foreign.every === 0 ? { ...device, href: `${foreign.to}${device.href}` } : device;
    if (malformed && index % malformed === 0) return ['{"username":null,"deviceid":["not","an","id"]}'];
    const row = renderDevice(away, format);
    return duplicated && index % duplicated === 0 ? [row, row] : [row];
  });
}

function nextOf({ faults }: Traveler, target: ReadTarget, window: Window): { next?: string | null } {
  if (faults.get('repeated-next')) return { next: pageHref(target, window, 1) };
  if (faults.get('endless-list'))
    return { next: `${pageHref(target, window, 1)}&again=${positive(target.query.get('again')) + 1}` };
  if (!window.last) return { next: (faults.get('foreign-next')?.to ?? '') + pageHref(target, window, window.page + 1) };
  const ending = faults.get('last-next')?.as;
  return ending === undefined ? {} : { next: ending === 'null' ? null : '' };
}

const pageHref = ({ path }: ReadTarget, { multiple }: Window, page: number) => `${path}?page=${page}&pm=${multiple}`;

function shownDevice({ fleet, faults }: Traveler, index: number): SimulatedDevice {
  const device = fleet.device(index);
  const unknown = faults.get('unknown-codes')?.every;
  return unknown && index % unknown === 0 ? { ...device, approval: 99, access: 7 } : device;
}

function formatOf(traveler: Traveler, full: boolean): Format {
  const realNumbers = traveler.faults.get('real-numbers') !== undefined;
  return { seed: traveler.options.seed, now: traveler.now(), realNumbers, full };
}
