/** Enrolments: the portal's record that a phone is under management. The wire form is the stored form (portal.md). */
import { z } from 'zod';

export const platform = z.string().min(1);
export const mailConfiguration = z.enum(['pushed', 'manual', 'unknown']);

/** Error message for a time from the portal; zod's own would only say that neither alternative fits. */
export const timeExpected =
  'Invalid input: expected a time, ISO 8601 with its offset as 2026-03-01T08:00:00Z, or epoch milliseconds';

/** Bounded so that keys built from these ids fit DynamoDB, and an enrolment with its pointers fits one transaction. */
const mailDeviceIds = z.array(z.string().min(1).max(256)).max(20);

export const enrolment = z.object({
  id: z.string().min(1).max(128),
  user: z.object({
    email: z.string().min(1).max(254),
    name: z.string().max(512).optional(),
    /** The Traveler user name, where the portal knows it. */
    travelerUser: z.string().max(512).optional(),
  }),
  platform,
  /** Free text from the portal; only `enrolled` (any letter case) counts as enrolled. */
  status: z.string(),
  serial: z.string().max(128).optional(),
  mailDeviceIds,
  secureMailDeviceIds: mailDeviceIds.optional(),
  mailConfiguration,
  changedAt: z.union([z.iso.datetime({ offset: true }), z.number()], { error: timeExpected }),
  version: z.number().int().nonnegative(),
});
export type Enrolment = z.infer<typeof enrolment>;

export const enrolmentFeed = z.enum(['fresh', 'stale', 'never']);
export type EnrolmentFeed = z.infer<typeof enrolmentFeed>;

/** A person's decision whether a Traveler user and a portal user are the same. */
export const link = z.object({
  kind: z.enum(['confirmed', 'undone']),
  portalUser: z.string().min(1),
  by: z.string(),
  at: z.number(),
});
export type Link = z.infer<typeof link>;
