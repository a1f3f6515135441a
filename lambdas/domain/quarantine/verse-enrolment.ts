/** Verse on an enrolled device: the only rule for which a user match can be enough. */
import { isEnrolled } from '#domain/enrolment/device-match';
import type { Enrolment } from '#domain/enrolment/enrolment';
import { userMatchOf } from '#domain/quarantine/match';
import type { RuleContext, UserContext } from '#domain/quarantine/rule-context';
import { isUnlinked } from '#domain/quarantine/user-match';

const ios = /^(ios|ipados|iphone|ipad)\b/i;
const android = /^android\b/i;
const isIos = ({ platform }: Enrolment) => platform === 'iOS' || ios.test(platform);
const isAndroid = ({ platform }: Enrolment) => platform === 'Android' || android.test(platform);

/**
 * The enrolment because of which Verse is approved, or null. Verse on Android registers under an id that the portal knows: only
 * a device match counts. Verse on iOS registers under an id of its own: an enrolled iOS device of the same user is enough, and so
 * is the stronger device match with one (docs/decisions/0008-decision-readings.md).
 */
export function verseEnrolment({ client, enrolment }: RuleContext, { matches, input }: UserContext): Enrolment | null {
  if (client === 'verse-android') return enrolment && isAndroid(enrolment) ? enrolment : null;
  if (client !== 'verse-ios') return null;
  if (enrolment && isIos(enrolment) && !isUnlinked(enrolment.user.email, input.links)) return enrolment;
  const { portalUsers } = userMatchOf(matches);
  return portalUsers[0] !== undefined && portalUsers.length === 1 ? firstEnrolledIos(input.enrolments, portalUsers[0]) : null;
}

/** By enrolment id, so that the order of the list does not matter. */
function firstEnrolledIos(enrolments: readonly Enrolment[], portalUser: string): Enrolment | null {
  let first: Enrolment | null = null;
  for (const one of enrolments)
    if (isIos(one) && isEnrolled(one) && one.user.email.toLowerCase() === portalUser && (first === null || one.id < first.id))
      first = one;
  return first;
}
