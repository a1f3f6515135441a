/** The simulated phones: a mix like on a real mail server, with ids and texts as such phones send them. */
import { hash32, hex } from './random.ts';

export type PhoneKind = 'ios-mail' | 'verse-ios' | 'verse-android' | 'secure-mail' | 'windows-phone' | 'blackberry' | 'other';

export type Phone = {
  kind: PhoneKind;
  deviceId: string;
  provider: string;
  type: string;
  level: string;
  notification: string;
  wipeTypes: string;
};

type Model = Omit<Phone, 'deviceId'> & { weight: number; id: (key: number) => string };

const serialLetters = 'CDFGHJKLMNPQRSTVWXYZ0123456789';
/** Twelve characters, like a printed serial number. */
export function serialOf(key: number): string {
  let text = 'D';
  for (let place = 0; place < 11; place++) text += serialLetters[hash32(key, place) % serialLetters.length];
  return text;
}

const sync = '8';
const models: readonly Model[] = [
  model('ios-mail', 26, 'Apple iPhone 15', 'Apple-iPhone15C4/2105.219', '', (key) => `Appl${serialOf(key)}`),
  model('ios-mail', 14, 'Apple iPhone SE', 'Apple-iPhone12C8/1807.105', '', (key) => `Appl${serialOf(key)}`),
  model('ios-mail', 6, 'Apple iPad', 'Apple-iPad13C1/2007.84', '', (key) => `Appl${serialOf(key)}`),
  model(
    'verse-ios',
    8,
    'Apple iPhone',
    'iOS 17.4',
    '12.0.18 build 202403011200',
    (key) => `HCL_IOS_${hex(key, 4).toUpperCase()}`,
  ),
  model('verse-ios', 4, 'Apple iPhone', 'iOS 12.5', '10.2.0 build 201905131503', (key) => `IBM_IOS_${hex(key, 4).toUpperCase()}`),
  model('verse-android', 20, 'samsung SM-S911B', 'Android 14', '12.0.20.0 202405141010', (key) => `Android_${hex(key, 2)}`),
  model('verse-android', 9, 'Google Pixel 8/Pro', 'Android 4.2.2', '9.0.1.8 201510290600', (key) => `Android_${hex(key, 2)}`),
  model('secure-mail', 6, 'MaaS360 Secure Mail', 'Android 13', '', (key) => `mdmxx${hex(key, 3)}`),
  model('windows-phone', 2, 'NOKIA Lumia 930', '8.1', '', (key) => hex(key, 4).toUpperCase()),
  model('blackberry', 2, 'RIM BlackBerry Passport', 'BlackBerry 10.3.3', '', (key) => `BB${hex(key, 1).toUpperCase()}`),
  model('other', 3, 'TouchDown', 'TouchDown(MSRPC)/9.1', '', (key) => `40${hex(key, 3)}`),
];
const weights = models.flatMap((entry) => Array<Model>(entry.weight).fill(entry));

function model(
  kind: PhoneKind,
  weight: number,
  provider: string,
  type: string,
  level: string,
  id: (key: number) => string,
): Model {
  return { kind, weight, provider, type, level, notification: sync, wipeTypes: kind === 'other' ? '0' : '1', id };
}

/** The phone of a number. */
export function phoneOf(key: number): Phone {
  return phoneFrom(weights[hash32(key, 99) % weights.length] ?? fallback, key);
}

export function phoneOfKind(kind: PhoneKind, key: number): Phone {
  return phoneFrom(models.find((entry) => entry.kind === kind) ?? fallback, key);
}

const fallback: Model = model('other', 1, 'unknown', 'unknown', '', (key) => hex(key, 4));

function phoneFrom({ kind, provider, type, level, notification, wipeTypes, id }: Model, key: number): Phone {
  return { kind, deviceId: id(key), provider, type, level, notification, wipeTypes };
}

const oddIds = [
  (id: string) => `${id} ${id}`,
  (id: string) => `${id}/..\\%2F"`,
  (id: string) => `${id}-ÄÖÜ-設備`,
  (id: string) => id.padEnd(256, 'x'),
  (id: string) => `*${id};&|$(id)`,
] as const;

/** An id that tests how ids are handled: devices choose their own. */
export const oddDeviceId = (id: string, number: number): string => (oddIds[number % oddIds.length] ?? oddIds[0])(id);
