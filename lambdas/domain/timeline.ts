/** One line of a device's timeline: what happened, when, why, and for changes the fields with before and after. */
import { z } from 'zod';

export const timelineEntry = z.object({
  at: z.number(),
  /** Derived from the cause, so that a repeated write is the same line. */
  id: z.string().min(1),
  kind: z.enum(['discovered', 'changed', 'missing', 'removed', 'returned', 'verdict', 'decision', 'action']),
  says: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type TimelineEntry = z.infer<typeof timelineEntry>;
