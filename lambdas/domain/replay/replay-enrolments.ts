/**
 * Enrolments of a replayed world, found as the stored ones are: from a Traveler user to every portal user that may be the same,
 * and from an enrolment to the users that it may concern. Both use the same keys.
 */

import { canonicalName, commonName } from '#domain/devices/names';
import type { Enrolment, Link } from '#domain/enrolment/enrolment';

export type EnrolmentBook = {
  /** Stores an enrolment; returns its previous version, or null. */
  put(enrolment: Enrolment): Enrolment | null;
  /** Everything that can concern a user, and the portal users with the same name. */
  candidates(user: string, deviceIds: Iterable<string>, links: Iterable<Link>): Candidates;
  ofPortalUser(email: string): Enrolment[];
};
type Candidates = { enrolments: Enrolment[]; sameNamePortalUsers: string[] };

const mailKey = (deviceId: string) => `mail|${deviceId.toLowerCase()}`;
const nameKey = (name: string) => `name|${name.trim().toLowerCase()}`;
const travelerKey = (user: string) => `traveler|${canonicalName(user)}`;
const linkKey = (email: string) => `link|${email.toLowerCase()}`;

/** The keys under which enrolments of a Traveler user are found. */
function keysOfUser(user: string, deviceIds: Iterable<string>, links: Iterable<Link>): string[] {
  return [
    ...[...deviceIds].map(mailKey),
    ...[nameKey(commonName(user)), travelerKey(user)],
    ...[...links].map(({ portalUser }) => linkKey(portalUser)),
  ];
}

/** The keys under which an enrolment is found. */
function keysOfEnrolment({ user, mailDeviceIds, secureMailDeviceIds = [], serial }: Enrolment): string[] {
  return [
    ...[...mailDeviceIds, ...secureMailDeviceIds, ...(serial?.trim() ? [`Appl${serial.trim()}`] : [])].map(mailKey),
    ...(user.name?.trim() ? [nameKey(user.name)] : []),
    ...(user.travelerUser?.trim() ? [travelerKey(user.travelerUser)] : []),
    linkKey(user.email),
  ];
}

export function newEnrolmentBook(): EnrolmentBook {
  const all = new Map<string, Enrolment>();
  const byEmail = new Map<string, Set<string>>();
  /** By key: ids of its enrolments. */
  const pointers = new Map<string, Set<string>>();

  const add = (index: Map<string, Set<string>>, key: string, id: string) => index.set(key, (index.get(key) ?? new Set()).add(id));
  function forget(enrolment: Enrolment): void {
    byEmail.get(enrolment.user.email.toLowerCase())?.delete(enrolment.id);
    for (const key of keysOfEnrolment(enrolment)) pointers.get(key)?.delete(enrolment.id);
  }
  const emailsAt = (key: string): string[] =>
    [...(pointers.get(key) ?? [])].flatMap((id) => all.get(id)?.user.email.toLowerCase() ?? []);
  const ofPortalUser = (email: string): Enrolment[] =>
    [...(byEmail.get(email.toLowerCase()) ?? [])].flatMap((id) => all.get(id) ?? []);

  return {
    ofPortalUser,
    put(enrolment) {
      const before = all.get(enrolment.id) ?? null;
      if (before) forget(before);
      all.set(enrolment.id, enrolment);
      add(byEmail, enrolment.user.email.toLowerCase(), enrolment.id);
      for (const key of keysOfEnrolment(enrolment)) add(pointers, key, enrolment.id);
      return before;
    },
    candidates(user, deviceIds, links) {
      const confirmed = [...links].filter(({ kind }) => kind === 'confirmed').map(({ portalUser }) => portalUser.toLowerCase());
      const found = keysOfUser(user, deviceIds, []).flatMap(emailsAt);
      const emails = [...new Set([...found, ...confirmed])].sort();
      return {
        enrolments: emails.flatMap(ofPortalUser),
        sameNamePortalUsers: [...new Set(emailsAt(nameKey(commonName(user))))].sort(),
      };
    },
  };
}

type Person = { user: string; devices: ReadonlyMap<string, unknown>; links: ReadonlyMap<string, Link> };

/** Users by their keys. Adding one again adds keys; outdated keys stay, which costs only a needless evaluation. */
export function userIndex<U extends Person>(users: Iterable<U>) {
  const index = new Map<string, Set<U>>();
  function add(one: U): void {
    for (const key of keysOfUser(one.user, one.devices.keys(), one.links.values()))
      index.set(key, (index.get(key) ?? new Set()).add(one));
  }
  for (const one of users) add(one);
  return {
    add,
    of: (enrolments: readonly Enrolment[]): U[] => [
      ...new Set(enrolments.flatMap(keysOfEnrolment).flatMap((key) => [...(index.get(key) ?? [])])),
    ],
  };
}
