/** Which mail client a device record is, told from its id and then its type. Letter case never matters. */
import type { Client } from '#domain/device';

const byId: readonly [prefix: string, client: Client][] = [
  ['ibm_ios_', 'verse-ios'],
  ['hcl_ios_', 'verse-ios'],
  ['android_', 'verse-android'],
  ['appl', 'ios-mail'],
];
const byType: readonly [prefix: string, client: Client][] = [
  ['apple-', 'ios-mail'],
  ['wp', 'windows-phone'],
  ['windows', 'windows-phone'],
  ['blackberry', 'blackberry'],
];

/** `id`: the device id in lower case. `listedAsSecureMail`: an enrolment lists it among its secure mail ids. */
export function clientOf(id: string, type: string, listedAsSecureMail: boolean): Client {
  if (listedAsSecureMail || id.startsWith('mdmxx')) return 'secure-mail';
  for (const [prefix, client] of byId) if (id.startsWith(prefix)) return client;
  const lower = type.toLowerCase();
  for (const [prefix, client] of byType) if (lower.startsWith(prefix)) return client;
  return 'other';
}
