/** One timeline line of a device or a source: what happened, when, why, and for changes the fields before and after. */
import { z } from 'zod';

/** What a line is about. events-out.ts decides for each kind whether the portal receives it, and as which event. */
export const lineKind = z.enum([
  'discovered',
  'changed',
  'missing',
  'removed',
  'returned',
  'verdict',
  'quarantined',
  'released',
  'decision',
  'action',
  'action-step',
  'notice',
  'link',
  'enrolment',
  'settings',
  'feed',
  'source',
  'gather-completed',
  'gather-failed',
  'guard-tripped',
  'guard-decided',
  'event-rejected',
  'relay-connected',
  'relay-disconnected',
]);
export type LineKind = z.infer<typeof lineKind>;

export const timelineEntry = z.object({
  at: z.number(),
  /** Derived from the cause, so that a repeated write gives the same line. */
  id: z.string().min(1),
  kind: lineKind,
  says: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type TimelineEntry = z.infer<typeof timelineEntry>;

/** One field that changed; `null`: the value was, or is now, unknown. */
export type FieldChange = { field: string; before: unknown; after: unknown };
