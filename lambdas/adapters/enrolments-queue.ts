/**
 * How a snapshot or an import that lies ready goes to be taken: one group for each, so that of several messages about the same
 * one (its parts came twice) never two are worked on at once, writing the same enrolments against each other.
 */
import { fingerprint } from '#adapters/fingerprint';
import type { Outgoing } from '#adapters/queues';
import type { EnrolmentsMessage } from '#domain/messages/messages';

/** `cause`: what hands it on; the same cause again is the same message (within the five minutes that SQS remembers). */
export const enrolmentsOutgoing = (body: EnrolmentsMessage, cause: unknown): Outgoing => ({
  body,
  group: fingerprint(body.snapshotId),
  deduplication: fingerprint(JSON.stringify([body, cause])),
});
