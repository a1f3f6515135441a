/** What travels over our own queues. One schema each; producers and consumers share it. */
import { z } from 'zod';
import { deviceKey } from '#domain/devices/device';
import { relayResult } from '#domain/relay/relay-protocol';

/** Gather queue: read this source now. The same run id continues a run that ran out of time. */
export const gatherMessage = z.object({
  sourceId: z.string().min(1),
  runId: z.string().min(1),
  reason: z.enum(['schedule', 'request', 'settings']),
  requestedAt: z.number(),
  /** A relay has told what it was asked for, under this name and by this lease: all of it, or why not. */
  told: z.object({ asked: z.string().min(1), fence: z.number().int() }).optional(),
  /** The relay that was asked may be gone: ask whoever is there now. */
  anew: z.boolean().optional(),
});
export type GatherMessage = z.infer<typeof gatherMessage>;

/** Evaluations queue: decide these users anew, or every user of a source (continued from `cursor`). */
export const evaluationMessage = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('users'),
    sourceId: z.string().min(1),
    users: z.array(z.string().min(1)).min(1).max(50),
    cause: z.string(),
    /** One of many messages of one cause, or about one of many actions: others do not wait behind it, nor behind what it leads to. */
    bulk: z.literal(true).optional(),
    /** One of the parts of a run that must pass the guard as a whole: first all are tried out, then all are decided. */
    assess: z.object({ runId: z.string().min(1), part: z.number().int(), parts: z.number().int() }).optional(),
  }),
  z.object({
    kind: z.literal('everyone'),
    sourceId: z.string().min(1),
    cursor: z.string().optional(),
    cause: z.string(),
    /** The run that leads to this must pass the guard first. */
    assess: z.string().min(1).optional(),
  }),
  /** What waits for the source to be well again is sent to the action queue. */
  z.object({
    kind: z.literal('resume'),
    sourceId: z.string().min(1),
    cursor: z.string().optional(),
    cause: z.string(),
    /** The pause that it ends, by its end (epoch ms): one that was moved on since has a message of its own. */
    pause: z.number().optional(),
  }),
]);
export type EvaluationMessage = z.infer<typeof evaluationMessage>;

/** Action queue (FIFO, one group per device): the ledger holds the action itself. */
export const actionMessage = deviceKey.extend({
  actionId: z.string().min(1),
  /** One of many that were asked for at once. */
  bulk: z.literal(true).optional(),
  /** How a try at the relay went; without it: a try is due. */
  result: relayResult.optional(),
});
export type ActionMessage = z.infer<typeof actionMessage>;

/** Enrolments queue: a whole snapshot or import lies ready. `confirmed`: a person let it pass the guard. */
export const enrolmentsMessage = z.object({
  kind: z.enum(['snapshot', 'import']),
  snapshotId: z.string().min(1),
  confirmed: z.boolean(),
});
export type EnrolmentsMessage = z.infer<typeof enrolmentsMessage>;
