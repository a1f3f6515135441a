/** Verse on an enrolled device: the one rule for which knowing the user can be enough. */
import { isEnrolled } from '#domain/device-match';
import type { Enrolment } from '#domain/enrolment';
import type { Circumstances, Subject } from '#domain/subject';

const ios = /^(ios|ipados|iphone|ipad)\b/i;
const android = /^android\b/i;

/**
 * The enrolment on whose strength Verse is approved, or null. Verse on Android registers under an id that the portal knows:
 * only a device match counts. Verse on iOS registers under an id of its own: an enrolled iOS device of the same user is
 * enough, and so, being stronger, is a device match with one (docs/decisions/decision-readings.md).
 */
export function verseEnrolment({ client, matched }: Subject, { matches }: Circumstances): Enrolment | null {
  const own = matched.enrolment;
  if (client === 'verse-android') return own && android.test(own.platform) ? own : null;
  if (client !== 'verse-ios') return null;
  if (own && ios.test(own.platform) && !matches.isUnlinked(own.user.email)) return own;
  const portalUser = matches.portalUser();
  if (portalUser === null) return null;
  const candidates = matches.enrolments.filter(
    (enrolment) => enrolment.user.email.toLowerCase() === portalUser && ios.test(enrolment.platform) && isEnrolled(enrolment),
  );
  return candidates.reduce<Enrolment | null>((first, one) => (first === null || one.id < first.id ? one : first), null);
}
