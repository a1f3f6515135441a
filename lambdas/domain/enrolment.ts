/** Enrolments: the portal's record that a phone is under management. The wire form is the stored form (portal.md). */
import { z } from 'zod';

export const platform = z.string().min(1);
export const mailConfiguration = z.enum(['pushed', 'manual', 'unknown']);

export const enrolment = z.object({
  id: z.string().min(1),
  user: z.object({
    email: z.string().min(1),
    name: z.string().optional(),
    /** The Traveler user name, where the portal knows it. */
    travelerUser: z.string().optional(),
  }),
  platform,
  /** Free text of the portal; only `enrolled` (any letter case) counts as enrolled. */
  status: z.string(),
  serial: z.string().optional(),
  mailDeviceIds: z.array(z.string().min(1)),
  secureMailDeviceIds: z.array(z.string().min(1)).optional(),
  mailConfiguration,
  changedAt: z.union([z.iso.datetime({ offset: true }), z.number()]),
  version: z.number().int().nonnegative(),
});
export type Enrolment = z.infer<typeof enrolment>;

export const enrolmentFeed = z.enum(['fresh', 'stale', 'never']);
export type EnrolmentFeed = z.infer<typeof enrolmentFeed>;

/** A person's word on whether a Traveler user and a portal user are the same. */
export const link = z.object({
  kind: z.enum(['confirmed', 'undone']),
  portalUser: z.string().min(1),
  by: z.string(),
  at: z.number(),
});
export type Link = z.infer<typeof link>;
