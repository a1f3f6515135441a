/** One line of a timeline, of a device or of a source: what happened, when, why, and for changes the fields with before and after. */
import { z } from 'zod';

/** What a line is about. Whether it is told to the portal, and as which event, is decided for each in events-out.ts. */
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
  /** Derived from the cause, so that a repeated write is the same line. */
  id: z.string().min(1),
  kind: lineKind,
  says: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type TimelineEntry = z.infer<typeof timelineEntry>;

/** One field that changed; `null` stands for what was not known, or is no longer. */
export type FieldChange = { field: string; before: unknown; after: unknown };
