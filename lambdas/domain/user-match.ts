/**
 * Which portal user a Traveler user is: the weak half of matching, enough only for Verse on iOS. Four kinds of evidence, in
 * this order of trust; the first that names anyone decides, and if it names two, the match is ambiguous. A portal user
 * whom a person has unlinked from this Traveler user is out, whatever the evidence.
 */
import type { DecideInput } from '#domain/decide-input';
import type { Hit } from '#domain/device-match';
import type { Enrolment, Link } from '#domain/enrolment';
import { canonicalName, commonName } from '#domain/names';

export type UserMatch = {
  /** Portal users (email in lower case), in order; more than one: ambiguous. */
  portalUsers: readonly string[];
  evidence: string;
};
export type UserMatchInput = Pick<DecideInput, 'user' | 'links' | 'sameName'> & {
  enrolments: readonly Enrolment[];
  /** The device matches of all of this user's devices. */
  hits: readonly Hit[];
};
type Undone = ReadonlySet<string>;
type Kind = { find: (input: UserMatchInput, links: Links) => readonly string[]; says: (who: string, user: string) => string };
type Links = { confirmed: readonly string[]; undone: Undone };

const noUsers: readonly string[] = [];

/** In order of trust. */
const kinds: readonly Kind[] = [
  {
    find: (_, { confirmed }) => confirmed,
    says: (who, user) => `a person confirmed that ${user} is ${who}`,
  },
  {
    find: ({ user, enrolments }) => emails(enrolments.filter(({ user: { travelerUser } }) => isSameUser(travelerUser, user))),
    says: (who, user) => `the portal names ${user} as the Traveler user of ${who}`,
  },
  {
    find: ({ hits }) => emails(hits.map(({ enrolment }) => enrolment)),
    says: (who, user) => `a device of ${user} is in an enrolment of ${who}`,
  },
  {
    find: findByDisplayName,
    says: (who, user) => `${who} is the only one with the display name of ${user}`,
  },
];

const unmatched: UserMatch = { portalUsers: noUsers, evidence: 'no enrolment has its id or is known to be of this user' };

/** Order of the lists never matters. */
export function matchUser(input: UserMatchInput): UserMatch {
  if (input.enrolments.length === 0 && input.links.length === 0) return unmatched;
  const links = newestLinks(input.links);
  for (const { find, says } of kinds) {
    const found = find(input, links);
    if (found.length === 0) continue;
    const portalUsers = distinct(found.filter((email) => !links.undone.has(email)));
    if (portalUsers.length > 0) return { portalUsers, evidence: says(portalUsers.join(' and '), input.user) };
  }
  return unmatched;
}

/** What people have said last about each portal user; at the same instant, the unlinking. Emails in lower case. */
export function newestLinks(links: readonly Link[]): Links {
  if (links.length === 0) return { confirmed: noUsers, undone: new Set() };
  const newest = new Map<string, Link>();
  for (const link of links) {
    const portalUser = link.portalUser.toLowerCase();
    const other = newest.get(portalUser);
    if (!other || link.at > other.at || (link.at === other.at && link.kind === 'undone')) newest.set(portalUser, link);
  }
  const withKind = (kind: Link['kind']) => [...newest].filter(([, link]) => link.kind === kind).map(([user]) => user);
  return { confirmed: withKind('confirmed'), undone: new Set(withKind('undone')) };
}

/** Only where no second portal user and no second Traveler user has that name. */
function findByDisplayName({ user, enrolments, sameName }: UserMatchInput): readonly string[] {
  const name = commonName(user).toLowerCase();
  const bearers = emails(enrolments.filter((enrolment) => enrolment.user.name?.trim().toLowerCase() === name));
  if (bearers.length === 0) return noUsers;
  const portalUsers = distinct([...bearers, ...sameName.portalUsers.map((email) => email.toLowerCase())]);
  const isShared = portalUsers.length > 1 || sameName.travelerUsers.some((other) => !isSameUser(other, user));
  return isShared ? noUsers : portalUsers;
}

export function isSameUser(name: string | undefined, user: string): boolean {
  return name !== undefined && (name === user || canonicalName(name) === canonicalName(user));
}

function emails(enrolments: readonly Enrolment[]): readonly string[] {
  return enrolments.length === 0 ? noUsers : enrolments.map(({ user }) => user.email.toLowerCase());
}

function distinct(users: readonly string[]): readonly string[] {
  return users.length < 2 ? users : [...new Set(users)].sort();
}
