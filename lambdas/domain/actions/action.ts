/** An action: one change asked of a source, from request to confirmed effect (actions.md). Transitions: transitions.ts. */
import { z } from 'zod';
import { access, approval, deviceKey, wipe } from '#domain/devices/device';

export const actionType = z.enum(['approve', 'block', 'remove', 'wipe', 'cancel-wipe']);
export type ActionType = z.infer<typeof actionType>;

export const actionState = z.enum([
  'requested',
  'queued',
  'waiting',
  'dispatched',
  'unknown',
  'applied',
  'delivered',
  'confirmed',
  'wiped',
  'superseded',
  'cancelled',
  'expired',
  'failed',
]);
export type ActionState = z.infer<typeof actionState>;

export const wipeTarget = z.enum(['device', 'apps', 'storage-card']);
export type WipeTarget = z.infer<typeof wipeTarget>;
export const actionRequester = z.object({ kind: z.enum(['person', 'rule', 'aq']), name: z.string().min(1) });

/**
 * What it is wanted for. AQ: a `hold` blocks on the server and reads as held, not as blocked; `give-back` is an approve that only
 * undoes our own denial, so that the device has the approval again that it had before.
 */
export const actionPurpose = z.enum(['decision', 'verdict', 'hold', 'give-back']);

/** What the server showed of a device at one moment. */
export const shown = z.object({ approval, access, wipe });
export type Shown = z.infer<typeof shown>;

/**
 * What else a wipe is fenced by, beside the registration: the record as it was when the wipe was asked for. A phone set up again
 * between two gathers shows a new address, waits for approval again, or was away meanwhile; it must not be hit.
 */
export const wipeFence = z.object({ href: z.string(), approval: approval.nullable() });
/** A wipe held back until a person confirms it (more of them within an hour than the guard allows). */
export const confirmation = z.object({
  askedAt: z.number(),
  confirmedBy: z.string().nullable(),
  confirmedAt: z.number().nullable(),
});

export const step = z.object({ state: actionState, at: z.number(), note: z.string() });
export type Step = z.infer<typeof step>;

export const action = deviceKey.extend({
  actionId: z.string().min(1),
  type: actionType,
  wipeTargets: z.array(wipeTarget).optional(),
  requestedAt: z.number(),
  requestedBy: actionRequester,
  reason: z.string(),
  /** One of many that were asked for at once: what is asked for singly does not wait behind it. */
  bulk: z.literal(true).optional(),
  purpose: actionPurpose,
  rule: z.string().optional(),
  /** Registration of the device when asked for (`registeredAt`): an action never outlives it. */
  registeredAt: z.number().nullable(),
  fence: wipeFence.optional(),
  confirmation: confirmation.optional(),
  expiresAt: z.number(),
  state: actionState,
  attempts: z.number().int(),
  /** Earliest next try, while waiting. */
  notBefore: z.number().nullable(),
  /** `source`: it waits for its whole source to be healthy again, regardless of `notBefore`. */
  waitsFor: z.literal('source').nullable().optional(),
  /** When the reaper last put it in the queue again. */
  pushedAt: z.number().optional(),
  /** Who holds it while dispatched, and until when the claim is honoured. */
  claim: z.object({ by: z.string(), until: z.number() }).nullable(),
  before: shown.nullable(),
  after: shown.nullable(),
  /** For a final failure: what happened and what to do, one sentence each. */
  outcome: z.string().nullable(),
  /** A person rejected it with the guard that had stopped it: its cause never asks for it again. */
  rejectedGuard: z.string().optional(),
  history: z.array(step),
});
export type Action = z.infer<typeof action>;
