/** Verse on an enrolled device: the one rule for which knowing the user can be enough. */
import { isEnrolled } from '#domain/device-match';
import type { Enrolment } from '#domain/enrolment';
import { userMatchOf } from '#domain/match';
import type { Circumstances, Subject } from '#domain/subject';
import { isUnlinked } from '#domain/user-match';

const ios = /^(ios|ipados|iphone|ipad)\b/i;
const android = /^android\b/i;

/**
 * The enrolment on whose strength Verse is approved, or null. Verse on Android registers under an id that the portal knows:
 * only a device match counts. Verse on iOS registers under an id of its own: an enrolled iOS device of the same user is
 * enough, and so, being stronger, is a device match with one (docs/decisions/decision-readings.md).
 */
export function verseEnrolment({ client, enrolment }: Subject, { matches, input }: Circumstances): Enrolment | null {
  if (client === 'verse-android') return enrolment && android.test(enrolment.platform) ? enrolment : null;
  if (client !== 'verse-ios') return null;
  if (enrolment && ios.test(enrolment.platform) && !isUnlinked(enrolment.user.email, input.links)) return enrolment;
  const { portalUsers } = userMatchOf(matches);
  if (portalUsers.length !== 1) return null;
  const candidates = input.enrolments.filter(
    (one) => portalUsers.includes(one.user.email.toLowerCase()) && ios.test(one.platform) && isEnrolled(one),
  );
  return candidates.reduce<Enrolment | null>((first, one) => (first === null || one.id < first.id ? one : first), null);
}
