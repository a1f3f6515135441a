/** The match of each device of one user to enrolments, with its evidence: by device, otherwise by user. */

import type { Match } from '#domain/devices/device';
import type { DeviceFacts } from '#domain/devices/device-facts';
import { deviceFinder, deviceMatches, type Hit, isEnrolled, type Via } from '#domain/enrolment/device-match';
import type { Enrolment } from '#domain/enrolment/enrolment';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { matchUser, type UserMatch } from '#domain/quarantine/user-match';

/** A device with its id in lower case, every enrolment that has that id, and those that count as its device matches. */
export type Holders = { device: DeviceFacts; id: string; found: readonly Hit[]; hits: readonly Hit[] };
/** One user's matches. The user match is computed when the first device needs it. */
export type Matches = {
  input: DecideInput;
  /** In the order of `input.devices`. */
  holders: readonly Holders[];
  userMatch: UserMatch | null;
  matchByUser: Match | null;
};

export function matchesOf(input: DecideInput): Matches {
  const find = deviceFinder(input.enrolments);
  const holders = input.devices.map((device) => {
    const id = device.deviceId.toLowerCase();
    const found = find(id);
    return { device, id, found, hits: deviceMatches(found) };
  });
  return { input, holders, userMatch: null, matchByUser: null };
}

/**
 * How a device is matched. Either all of its device matches are enrolled or none is (`deviceMatches`). The user match counts if
 * no enrolled enrolment has the device's id.
 */
export function matchOf(matches: Matches, { hits }: Holders): Match {
  const [first] = hits;
  if (!first) return matchByUserOf(matches);
  if (isEnrolled(first.enrolment)) return byDevice(hits, hits.length > 1 ? 'ambiguous' : 'device');
  const byUser = matchByUserOf(matches);
  return byUser.kind === 'ambiguous' ? byUser : byDevice(hits, 'device');
}

/** The one enrolled enrolment that has the device's id; null when there is none, or more than one. */
export function enrolmentOf({ hits }: Holders): Enrolment | null {
  const [first] = hits;
  return first && hits.length === 1 && isEnrolled(first.enrolment) ? first.enrolment : null;
}

/** Which portal user this Traveler user is: one, several (ambiguous) or none. */
export function userMatchOf(matches: Matches): UserMatch {
  matches.userMatch ??= matchUser(matches.input, matches.holders);
  return matches.userMatch;
}

function matchByUserOf(matches: Matches): Match {
  matches.matchByUser ??= byUser(userMatchOf(matches), matches.input.enrolments);
  return matches.matchByUser;
}

const viaSays = {
  'mail id': 'its id is the mail id of ',
  'secure mail id': 'its id is the secure mail id of ',
  'serial number': 'its id is the serial number of ',
} as const satisfies Record<Via, string>;

function byDevice(hits: readonly Hit[], kind: 'device' | 'ambiguous'): Match {
  const [only] = hits;
  if (hits.length === 1 && only) {
    const { enrolment, via } = only;
    const evidence = `${viaSays[via]}${described(enrolment)}`;
    return { kind, enrolmentIds: [enrolment.id], portalUsers: [enrolment.user.email.toLowerCase()], evidence };
  }
  return {
    kind,
    enrolmentIds: hits.map(({ enrolment }) => enrolment.id),
    portalUsers: [...new Set(hits.map(({ enrolment }) => enrolment.user.email.toLowerCase()))].sort(),
    evidence: `its id is in ${hits.length} enrolments: ${hits.map(({ enrolment }) => described(enrolment)).join('; ')}`,
  };
}

function byUser({ portalUsers, evidence }: UserMatch, enrolments: readonly Enrolment[]): Match {
  if (portalUsers.length === 0) return { kind: 'none', enrolmentIds: [], portalUsers: [], evidence };
  const theirs = enrolments.filter(({ user }) => portalUsers.includes(user.email.toLowerCase()));
  return {
    kind: portalUsers.length > 1 ? 'ambiguous' : 'user',
    enrolmentIds: theirs.map(({ id }) => id).sort(),
    portalUsers: [...portalUsers],
    evidence,
  };
}

/** An enrolment as text: user, platform and status. */
export function described({ id, user, platform, status }: Enrolment): string {
  return `enrolment ${id} of ${user.email} (${platform}, ${status})`;
}
