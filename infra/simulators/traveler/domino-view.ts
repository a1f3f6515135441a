/**
 * The interface of Traveler 8.5: its database LotusTraveler.nsf, view vDevice, as JSON from Domino's ReadViewEntries. The same
 * devices as over REST; of an administrator's changes, only what that database shows.
 */
import type { ReadTarget } from './device-list.ts';
import { lastSyncOf, type SimulatedDevice } from './fleet.ts';
import { hash32 } from './random.ts';
import type { Traveler } from './traveler.ts';

type Column = readonly [name: string, kind: 'text' | 'number' | 'datetime', value: string];
/** Domino's limit, unless an administrator raises it. */
const mostRows = 1_000;

export function renderView(traveler: Traveler, { query }: ReadTarget): string {
  const { fleet, faults } = traveler;
  const start = positive(query.get('Start'), 1);
  const count = Math.min(mostRows, positive(query.get('Count'), 30));
  const shift = start > 1 ? (faults.get('shifting-list')?.by ?? 0) : 0;
  const from = Math.max(0, start - 1 - shift);
  const last = faults.get('empty-list') ? 0 : Math.min(fleet.count, from + count);
  const entries: unknown[] = [];
  for (let position = from; position < last; position++) entries.push(...entriesAt(traveler, position));
  const total = faults.get('empty-list') ? 0 : fleet.count + (faults.get('total-off')?.by ?? 0);
  return JSON.stringify({ '@toplevelentries': String(total), ...(entries.length > 0 ? { viewentry: entries } : {}) });
}

const positive = (text: string | null, otherwise: number) =>
  text !== null && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : otherwise;

function entriesAt(traveler: Traveler, position: number): unknown[] {
  const { fleet, faults, options } = traveler;
  const device = fleet.device(fleet.indexAt(position));
  const { index } = device;
  const bad = faults.get('malformed-rows');
  const twice = faults.get('duplicate-rows');
  const columns = bad && index % bad.every === 0 ? [] : columnsOf(device, lastSyncOf(index, options.seed, traveler.now()));
  const entry = {
    '@position': String(position + 1),
    '@unid': unidOf(index, options.seed),
    '@noteid': (0x8fa + index * 4).toString(16).toUpperCase(),
    '@siblings': String(fleet.count),
    entrydata: columns.map(([name, kind, value], number) => ({
      ...{ '@columnnumber': String(number), '@name': name },
      [kind]: { '0': value },
    })),
  };
  return twice && index % twice.every === 0 ? [entry, entry] : [entry];
}

function columnsOf(device: SimulatedDevice, lastSync: number): Column[] {
  const { user, deviceId, provider, type, level, notification, approval, access, wipeOptions, wipeTypes } = device;
  return [
    ['Username', 'text', user],
    ['deviceid', 'text', deviceId],
    ['device_provider', 'text', provider],
    ['device_type', 'text', type],
    ['device_level', 'text', level],
    ['device_conn', 'text', '1'],
    lastSync === 0 ? ['lastSyncTime', 'text', ''] : ['lastSyncTime', 'datetime', dominoTime(lastSync)],
    ['notificationType', 'number', String(notification)],
    ['approvalFlag', 'number', String(approval === 16 ? 0 : approval)],
    // This database shows blocked devices only as locked.
    ['banned', 'text', access === 0 ? '' : '1'],
    ['wipeRequested', 'text', wipeOptions],
    ['wipeSupported', 'text', wipeTypes],
  ];
}

/** `20260302T120000,00Z`: hundredths after the comma. */
function dominoTime(at: number): string {
  const [date = '', time = ''] = new Date(at).toISOString().split('T');
  return `${date.replaceAll('-', '')}T${time.slice(0, 8).replaceAll(':', '')},${time.slice(9, 11)}Z`;
}

/** 32 hex digits, different for each registration. */
const unidOf = (index: number, seed: number): string =>
  [0, 1, 2, 3]
    .map((part) =>
      hash32(index, seed ^ (0x1000 + part))
        .toString(16)
        .toUpperCase()
        .padStart(8, '0'),
    )
    .join('');
