/**
 * Sends a complete snapshot or import to be stored: one message group for each, so that several messages about the same one (its
 * parts were received twice) are never processed concurrently and do not compete for the same enrolments.
 */
import { fingerprint } from '#adapters/fingerprint';
import type { Outgoing } from '#adapters/queues';
import type { EnrolmentsMessage } from '#domain/messages/queue-messages';

/** `cause`: why it is sent; the same cause again is deduplicated (by SQS, within five minutes). */
export const enrolmentsOutgoing = (body: EnrolmentsMessage, cause: unknown): Outgoing => ({
  body,
  group: fingerprint(body.snapshotId),
  deduplication: fingerprint(JSON.stringify([body, cause])),
});
