/**
 * A device as MaaS360 describes it, and the enrolment that this means. What its web services do not say stays unknown: nothing is
 * guessed that could approve or block a device. Field names and pitfalls: docs/maas360.md.
 */
import { z } from 'zod';
import type { Enrolment } from '#domain/enrolment/enrolment';

/** Every field may be text, a number, `""`, null, or absent. */
const text = z
  .union([z.string(), z.number(), z.null()])
  .optional()
  .transform((value) => String(value ?? '').trim());
const epochMs = text.transform((value) => (/^\d{1,15}$/.test(value) ? Number(value) : null));

export const maas360Device = z.object({
  maas360DeviceID: text.pipe(z.string().min(1).max(100)),
  username: text,
  emailAddress: text,
  userDomain: text,
  platformName: text,
  platformSerialNumber: text,
  maas360ManagedStatus: text,
  mailboxDeviceId: text,
  mdmMailboxDeviceId: text,
  unifiedTravelerDeviceId: text,
  mdmPolicy: text,
  lastReportedInEpochms: epochMs,
});
export type Maas360Device = z.output<typeof maas360Device>;

const idPrefix = 'maas360-';
export const isOfMaas360 = ({ id }: Pick<Enrolment, 'id'>): boolean => id.startsWith(idPrefix);
/** Status of an enrolment that MaaS360 no longer lists. */
export const unlisted = 'no longer listed by MaaS360';

export type EnrolmentFacts = Omit<Enrolment, 'version'>;

/**
 * The enrolment without its version. Null without a user: it could match no Traveler user.
 * `policiesPushingMail`: names of the MDM policies that push mail; for any other policy that is unknown.
 */
export function factsOf(device: Maas360Device, { policiesPushingMail }: { policiesPushingMail: readonly string[] }) {
  const person = device.emailAddress || accountOf(device);
  if (person === '') return null;
  const ids = distinct([device.mailboxDeviceId, device.mdmMailboxDeviceId, device.unifiedTravelerDeviceId]);
  const [secure, plain] = [ids.filter(isSecureMail), ids.filter((id) => !isSecureMail(id))];
  const facts: EnrolmentFacts = {
    id: `${idPrefix}${device.maas360DeviceID}`,
    user: { email: person },
    platform: device.platformName || 'unknown',
    status: device.maas360ManagedStatus || 'unknown',
    ...(device.platformSerialNumber === '' ? {} : { serial: device.platformSerialNumber }),
    mailDeviceIds: plain,
    ...(secure.length === 0 ? {} : { secureMailDeviceIds: secure }),
    mailConfiguration: policiesPushingMail.includes(device.mdmPolicy) ? 'pushed' : 'unknown',
    changedAt: device.lastReportedInEpochms ?? 0,
  };
  return facts;
}

const accountOf = ({ username, userDomain }: Maas360Device) =>
  username === '' || userDomain === '' ? username : `${username}@${userDomain}`;

/** Either mailbox field can contain such an id; only the id itself shows that a mailbox is Secure Mail. */
const isSecureMail = (id: string) => id.toLowerCase().startsWith('mdmxx');

/** Ids that differ only in letter case are one device. */
const distinct = (ids: readonly string[]): string[] => [
  ...new Map(ids.filter((id) => id !== '').map((id) => [id.toLowerCase(), id])).values(),
];

/**
 * `facts` as the next version of what is stored; null when that is the same. MaaS360 has no versions, and a device that merely
 * reported again is no change, so versions count the changes that we saw.
 */
export function nextVersion(facts: EnrolmentFacts, stored: Enrolment | null): Enrolment | null {
  if (stored === null) return { ...facts, version: 1 };
  return fingerprintOf(stored) === fingerprintOf(facts) ? null : { ...facts, version: stored.version + 1 };
}

function fingerprintOf(facts: EnrolmentFacts): string {
  const { id, user, platform, status, serial, mailDeviceIds, secureMailDeviceIds, mailConfiguration } = facts;
  return JSON.stringify([id, user.email, platform, status, serial, mailDeviceIds, secureMailDeviceIds, mailConfiguration]);
}
