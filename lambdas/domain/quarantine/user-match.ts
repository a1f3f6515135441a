/**
 * Which portal user a Traveler user is: the weaker kind of match, enough only for Verse on iOS. Four kinds of evidence, in order
 * of trust; the first that names anyone decides, and if it names two, the match is ambiguous. A portal user whom a person has
 * unlinked from this Traveler user is excluded regardless of evidence.
 */

import { canonicalName, commonName } from '#domain/devices/names';
import type { Hit } from '#domain/enrolment/device-match';
import type { Enrolment, Link } from '#domain/enrolment/enrolment';
import type { DecideInput } from '#domain/quarantine/decide-input';

export type UserMatch = {
  /** Portal users (email in lower case), sorted; more than one: ambiguous. */
  portalUsers: readonly string[];
  evidence: string;
};
type Input = Pick<DecideInput, 'user' | 'links' | 'sameName' | 'enrolments'>;
/** The device matches of one device of this user. */
type DeviceHits = { hits: readonly Hit[] };
type Links = { confirmed: readonly string[]; undone: ReadonlySet<string> };
type Facts = { input: Input; devices: readonly DeviceHits[]; confirmed: readonly string[] };
type Kind = { find: (facts: Facts) => readonly string[]; says: (who: string, user: string) => string };

const noUsers: readonly string[] = [];

/** In order of trust. */
const kinds: readonly Kind[] = [
  {
    find: ({ confirmed }) => confirmed,
    says: (who, user) => `a person confirmed that ${user} is ${who}`,
  },
  {
    find: ({ input }) => emailsWhere(input.enrolments, (portal) => isSameUser(portal.travelerUser, input.user)),
    says: (who, user) => `the portal names ${user} as the Traveler user of ${who}`,
  },
  {
    find: ({ devices }) => emailsOfHits(devices),
    says: (who, user) => `a device of ${user} is in an enrolment of ${who}`,
  },
  {
    find: ({ input }) => findByDisplayName(input),
    says: (who, user) => `${who} is the only one with the display name of ${user}`,
  },
];

const noLinks: Links = { confirmed: noUsers, undone: new Set() };
const unmatched: UserMatch = { portalUsers: noUsers, evidence: 'no enrolment has its id or is known to be of this user' };

/** `devices`: the device matches of each of the user's devices. List order never matters. */
export function matchUser(input: Input, devices: readonly DeviceHits[]): UserMatch {
  if (input.enrolments.length === 0 && input.links.length === 0) return unmatched;
  const { confirmed, undone } = newestLinks(input.links);
  for (const { find, says } of kinds) {
    const portalUsers = distinct(without(undone, find({ input, devices, confirmed })));
    if (portalUsers.length > 0) return { portalUsers, evidence: says(portalUsers.join(' and '), input.user) };
  }
  return unmatched;
}

/** A person has said that this portal user is not this Traveler user. */
export function isUnlinked(email: string, links: readonly Link[]): boolean {
  return links.length > 0 && newestLinks(links).undone.has(email.toLowerCase());
}

/** The newest link of each portal user; at the same time, the unlinking wins. Emails in lower case. */
function newestLinks(links: readonly Link[]): Links {
  if (links.length === 0) return noLinks;
  const newest = new Map<string, Link>();
  for (const link of links) {
    const portalUser = link.portalUser.toLowerCase();
    const other = newest.get(portalUser);
    if (!other || link.at > other.at || (link.at === other.at && link.kind === 'undone')) newest.set(portalUser, link);
  }
  const withKind = (kind: Link['kind']) => [...newest].filter(([, link]) => link.kind === kind).map(([user]) => user);
  return { confirmed: withKind('confirmed'), undone: new Set(withKind('undone')) };
}

/** Only if no other portal user and no other Traveler user has that name. */
function findByDisplayName({ user, enrolments, sameName }: Input): readonly string[] {
  const name = commonName(user).toLowerCase();
  const namesakes = emailsWhere(enrolments, (portal) => portal.name?.trim().toLowerCase() === name);
  const [namesake] = namesakes;
  if (namesake === undefined) return noUsers;
  const isShared =
    namesakes.some((other) => other !== namesake) ||
    sameName.portalUsers.some((other) => other.toLowerCase() !== namesake) ||
    sameName.travelerUsers.some((other) => !isSameUser(other, user));
  return isShared ? noUsers : [namesake];
}

function emailsOfHits(devices: readonly DeviceHits[]): readonly string[] {
  const found: string[] = [];
  for (const { hits } of devices) for (const { enrolment } of hits) found.push(enrolment.user.email.toLowerCase());
  return found;
}

function without(undone: ReadonlySet<string>, users: readonly string[]): readonly string[] {
  return undone.size === 0 ? users : users.filter((email) => !undone.has(email));
}

export function isSameUser(name: string | undefined, user: string): boolean {
  return name !== undefined && (name === user || canonicalName(name) === canonicalName(user));
}

function emailsWhere(enrolments: readonly Enrolment[], matches: (user: Enrolment['user']) => boolean): readonly string[] {
  const found: string[] = [];
  for (const { user } of enrolments) if (matches(user)) found.push(user.email.toLowerCase());
  return found;
}

function distinct(users: readonly string[]): readonly string[] {
  return users.length < 2 ? users : [...new Set(users)].sort();
}
