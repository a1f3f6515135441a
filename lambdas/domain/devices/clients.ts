/** Which mail client a device record belongs to, by its id and then its type. Letter case never matters. */
import type { Client } from '#domain/devices/device';

const byId: readonly { prefix: string; client: Client }[] = [
  { prefix: 'ibm_ios_', client: 'verse-ios' },
  { prefix: 'hcl_ios_', client: 'verse-ios' },
  { prefix: 'android_', client: 'verse-android' },
  { prefix: 'appl', client: 'ios-mail' },
];
const byType: readonly { prefix: string; client: Client }[] = [
  { prefix: 'apple-', client: 'ios-mail' },
  { prefix: 'wp', client: 'windows-phone' },
  { prefix: 'windows', client: 'windows-phone' },
  { prefix: 'blackberry', client: 'blackberry' },
];

/** `id`: the device id in lower case. `listedAsSecureMail`: an enrolment lists it among its secure mail ids. */
export function clientOf(id: string, type: string, listedAsSecureMail: boolean): Client {
  if (listedAsSecureMail || id.startsWith('mdmxx')) return 'secure-mail';
  for (const { prefix, client } of byId) if (id.startsWith(prefix)) return client;
  const lower = type.toLowerCase();
  for (const { prefix, client } of byType) if (lower.startsWith(prefix)) return client;
  return 'other';
}
