/** The messages of our own queues. One schema each, shared by producers and consumers. */
import { z } from 'zod';
import { deviceKey } from '#domain/devices/device';
import { relayResult } from '#domain/relay/relay-protocol';

/** Gather queue: gather this source now. The same run id continues a run that ran out of time. */
export const gatherMessage = z.object({
  sourceId: z.string().min(1),
  runId: z.string().min(1),
  reason: z.enum(['schedule', 'request', 'settings']),
  requestedAt: z.number(),
  /** A relay has answered the request of this name under this lease: completely, or with the reason why not. */
  told: z.object({ asked: z.string().min(1), fence: z.number().int() }).optional(),
  /** The relay that was asked may be gone: ask the active one. */
  anew: z.boolean().optional(),
});
export type GatherMessage = z.infer<typeof gatherMessage>;

/** Evaluations queue: evaluate these users, or every user of a source (continued from `cursor`). */
export const evaluationMessage = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('users'),
    sourceId: z.string().min(1),
    users: z.array(z.string().min(1)).min(1).max(50),
    cause: z.string(),
    /** Bulk work: single messages do not wait behind it, nor behind the actions that it leads to. */
    bulk: z.literal(true).optional(),
    /** A part of a run that must pass the guard as a whole: first all parts are assessed, then all are decided. */
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
  /** Actions that wait for the source to be healthy again are sent to the action queue. */
  z.object({
    kind: z.literal('resume'),
    sourceId: z.string().min(1),
    cursor: z.string().optional(),
    cause: z.string(),
    /** The end (epoch ms) of the pause that it ends: a pause that was moved on since has a message of its own. */
    pause: z.number().optional(),
  }),
]);
export type EvaluationMessage = z.infer<typeof evaluationMessage>;

/** Action queue (FIFO, one group per device): the ledger holds the action itself. */
export const actionMessage = deviceKey.extend({
  actionId: z.string().min(1),
  /** Part of a bulk request. */
  bulk: z.literal(true).optional(),
  /** The result of an attempt at the relay; without it, an attempt is due. */
  result: relayResult.optional(),
});
export type ActionMessage = z.infer<typeof actionMessage>;

/** Enrolments queue: a complete snapshot or import is stored. `confirmed`: a person confirmed it past the guard. */
export const enrolmentsMessage = z.object({
  kind: z.enum(['snapshot', 'import']),
  snapshotId: z.string().min(1),
  confirmed: z.boolean(),
});
export type EnrolmentsMessage = z.infer<typeof enrolmentsMessage>;
