/** The link from each device of one user to enrolments, with its evidence: device match first, else user match. */
import type { DecideInput } from '#domain/decide-input';
import type { Match } from '#domain/device';
import { deviceMatches, type Hit, indexDeviceIds, isEnrolled, isListedAsSecureMail, newestVersions } from '#domain/device-match';
import type { Enrolment } from '#domain/enrolment';
import { matchUser, newestLinks, type UserMatch } from '#domain/user-match';

export type Matched = {
  match: Match;
  /** The one enrolled enrolment that holds the device's id; null when there is none, or two. */
  enrolment: Enrolment | null;
  isSecureMail: boolean;
};
export type Matches = {
  /** `index`: position in `input.devices`. */
  of(index: number): Matched;
  /** The portal user that this Traveler user is; null when unknown or ambiguous. */
  portalUser(): string | null;
  /** A person has said that this portal user (email) is not this Traveler user. */
  isUnlinked(email: string): boolean;
  enrolments: readonly Enrolment[];
};

/** `ids`: the device ids in lower case, in the order of `input.devices`. User evidence is gathered only if a device needs it. */
export function matchDevices(input: DecideInput, ids: readonly string[]): Matches {
  const enrolments = newestVersions(input.enrolments);
  const index = indexDeviceIds(enrolments);
  const hits = ids.map((id) => deviceMatches(index, id));
  let user: UserMatch | null = null;
  let byUser: Matched | null = null;
  const userMatch = () => {
    user ??= matchUser({ user: input.user, links: input.links, sameName: input.sameName, enrolments, hits: hits.flat() });
    return user;
  };
  const matchedByUser = () => {
    byUser ??= { match: fromUser(userMatch(), enrolments), enrolment: null, isSecureMail: false };
    return byUser;
  };
  return {
    enrolments,
    portalUser() {
      const { portalUsers } = userMatch();
      return portalUsers.length === 1 ? (portalUsers[0] ?? null) : null;
    },
    isUnlinked: (email) => input.links.length > 0 && newestLinks(input.links).undone.has(email.toLowerCase()),
    of(at) {
      const own = hits[at] ?? [];
      if (own.length === 0) return matchedByUser();
      const isSecureMail = isListedAsSecureMail(index, ids[at] ?? '');
      const [first] = own;
      if (own.length === 1 && first && isEnrolled(first.enrolment))
        return { match: fromDevice(own, 'device'), enrolment: first.enrolment, isSecureMail };
      if (first && isEnrolled(first.enrolment)) return { match: fromDevice(own, 'ambiguous'), enrolment: null, isSecureMail };
      const { match } = matchedByUser();
      return { match: match.kind === 'ambiguous' ? match : fromDevice(own, 'device'), enrolment: null, isSecureMail };
    },
  };
}

function fromDevice(hits: readonly Hit[], kind: 'device' | 'ambiguous'): Match {
  const [only] = hits;
  if (hits.length === 1 && only)
    return {
      kind,
      enrolmentIds: [only.enrolment.id],
      portalUsers: [only.enrolment.user.email.toLowerCase()],
      evidence: `its id is the ${only.via} of ${described(only.enrolment)}`,
    };
  return {
    kind,
    enrolmentIds: hits.map(({ enrolment }) => enrolment.id),
    portalUsers: [...new Set(hits.map(({ enrolment }) => enrolment.user.email.toLowerCase()))].sort(),
    evidence: `its id is in ${hits.length} enrolments: ${hits.map(({ enrolment }) => described(enrolment)).join('; ')}`,
  };
}

function fromUser({ portalUsers, evidence }: UserMatch, enrolments: readonly Enrolment[]): Match {
  if (portalUsers.length === 0) return { kind: 'none', enrolmentIds: [], portalUsers: [], evidence };
  const theirs = enrolments.filter(({ user }) => portalUsers.includes(user.email.toLowerCase()));
  return {
    kind: portalUsers.length > 1 ? 'ambiguous' : 'user',
    enrolmentIds: theirs.map(({ id }) => id).sort(),
    portalUsers: [...portalUsers],
    evidence,
  };
}

/** An enrolment in words: who, what, and how it stands. */
export function described({ id, user, platform, status }: Enrolment): string {
  return `enrolment ${id} of ${user.email} (${platform}, ${status})`;
}
