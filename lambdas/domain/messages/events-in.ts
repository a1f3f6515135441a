/** Events in, as the portal sends them (portal.md). Unknown extra fields are ignored; unknown enum values are rejected. */
import { z } from 'zod';
import { actionType, wipeTarget } from '#domain/actions/action';
import { deviceKey } from '#domain/devices/device';
import { enrolment, timeExpected } from '#domain/enrolment/enrolment';
import { requester } from '#domain/quarantine/decision';
import { settings } from '#domain/quarantine/settings';

/** ISO 8601 with offset, or epoch ms; becomes epoch ms. */
export const instant = z.union(
  [z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)), z.number().int().nonnegative()],
  { error: timeExpected },
);

export const actionRequested = z.object({
  actionId: z.string().min(1).max(128),
  requestedAt: instant,
  requestedBy: requester,
  type: actionType,
  target: deviceKey,
  wipe: z.array(wipeTarget).min(1).optional(),
  reason: z.string().max(1000).optional(),
  expiresAt: instant.optional(),
});
export type ActionRequested = z.infer<typeof actionRequested>;

export const enrolmentChanged = z.object({ enrolment });
export const enrolmentSnapshot = z.object({
  snapshotId: z.string().min(1),
  part: z.number().int().positive(),
  parts: z.number().int().positive(),
  enrolments: z.array(enrolment),
});
export const settingsPublished = z.object({
  settings,
  sourceId: z.string().min(1).optional(),
  version: z.number().int().positive(),
  publishedBy: z.string().min(1),
  publishedAt: instant,
});
export type SettingsPublished = z.infer<typeof settingsPublished>;
export const decisionWithdrawn = z.object({ target: deviceKey, decidedBy: z.string().min(1) });
export const gatherRequested = z.object({ sourceId: z.string().min(1) });

/** Every event we accept, by detail-type. */
export const eventsIn = {
  ActionRequested: actionRequested,
  EnrolmentChanged: enrolmentChanged,
  EnrolmentSnapshot: enrolmentSnapshot,
  SettingsPublished: settingsPublished,
  DecisionWithdrawn: decisionWithdrawn,
  GatherRequested: gatherRequested,
} as const;
export type EventIn = keyof typeof eventsIn;
export const noneOfOurs = `is none that we take; those are ${Object.keys(eventsIn).join(', ')}`;

/** EventBridge's envelope as a queue target receives it. */
export const busEnvelope = z.object({
  id: z.string().min(1),
  source: z.string(),
  'detail-type': z.string(),
  time: z.string(),
  detail: z.unknown(),
});
