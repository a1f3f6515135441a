/** Enrolments that match simulated devices: what the portal would send about the same phones. */

import { commonName } from '#domain/devices/names';
import type { Enrolment } from '#domain/enrolment/enrolment';
import type { PhoneKind, SimulatedDevice } from './traveler-simulator.ts';

const platforms: Record<PhoneKind, string> = {
  'ios-mail': 'iOS',
  'verse-ios': 'iOS',
  'verse-android': 'Android',
  'secure-mail': 'Android',
  'windows-phone': 'Windows',
  blackberry: 'BlackBerry',
  other: 'Android',
};
const serialPrefix = 'Appl';
/** Maximum length of a mail address before the `@`. The end of a name distinguishes users. */
const longestLocal = 64;

/** Enrolled, with mail pushed by the portal, unless `differing` overrides it. `at`: time of the change, epoch ms. */
export function enrolmentFor(
  device: Pick<SimulatedDevice, 'user' | 'deviceId' | 'kind'>,
  { at, differing = {} }: { at: number; differing?: Partial<Enrolment> },
): Enrolment {
  const { deviceId, kind, user } = device;
  const secure = kind === 'secure-mail';
  return {
    id: `enrolment-${deviceId}`,
    user: { email: emailOf(user), name: commonName(user) },
    platform: platforms[kind],
    status: 'Enrolled',
    ...(deviceId.startsWith(serialPrefix) ? { serial: deviceId.slice(serialPrefix.length) } : {}),
    mailDeviceIds: secure ? [] : [deviceId],
    ...(secure ? { secureMailDeviceIds: [deviceId] } : {}),
    mailConfiguration: 'pushed',
    changedAt: new Date(at).toISOString(),
    version: at,
    ...differing,
  };
}

/** One address per user name, in ASCII letters if the name has any: `amelie.garcia.sales@acme.example`. */
export function emailOf(user: string): string {
  const local = user
    .replace(/\/[^/]*$/, '')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, (run) =>
      [...run].map((sign) => (/[\s/.]/.test(sign) ? '.' : (sign.codePointAt(0) ?? 0).toString(36))).join(''),
    )
    .replace(/\.{2,}/g, '.')
    .slice(-longestLocal)
    .replace(/^\.|\.$/g, '');
  return `${local}@acme.example`;
}
