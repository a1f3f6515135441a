/** An action: one change requested of a source, from request to confirmed effect (actions.md). Transitions: transitions.ts. */
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
 * Its purpose. AQ: a `hold` blocks on the server and is shown as held, not as blocked; `give-back` is an approve that only
 * lifts our own block, so that the device has the approval again that it had before.
 */
export const actionPurpose = z.enum(['decision', 'verdict', 'hold', 'give-back']);

/** What the server showed of a device at one time. */
export const shown = z.object({ approval, access, wipe });
export type Shown = z.infer<typeof shown>;

/**
 * The further fence of a wipe, besides the registration: the record as it was when the wipe was requested. A phone that was set
 * up again between two gathers has a new address, waits for approval again, or was missing in between; it must not be wiped.
 */
export const wipeFence = z.object({ href: z.string(), approval: approval.nullable() });
/** A wipe that waits until a person confirms it: there were more within an hour than the safety limit allows. */
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
  /** Part of a bulk request: single requests do not wait behind it. */
  bulk: z.literal(true).optional(),
  purpose: actionPurpose,
  rule: z.string().optional(),
  /** Registration of the device at the time of the request (`registeredAt`): an action never outlives it. */
  registeredAt: z.number().nullable(),
  fence: wipeFence.optional(),
  confirmation: confirmation.optional(),
  expiresAt: z.number(),
  state: actionState,
  attempts: z.number().int(),
  /** Earliest next attempt, while waiting. */
  notBefore: z.number().nullable(),
  /** `source`: it waits for its whole source to be healthy again, regardless of `notBefore`. */
  waitsFor: z.literal('source').nullable().optional(),
  /** When the reaper last sent it to the queue again. */
  pushedAt: z.number().optional(),
  /** The worker that holds it while dispatched, and when the claim expires. */
  claim: z.object({ by: z.string(), until: z.number() }).nullable(),
  before: shown.nullable(),
  after: shown.nullable(),
  /** For a final failure: what happened and what to do, one sentence each. */
  outcome: z.string().nullable(),
  /** A person rejected the guard that had stopped it: the same cause never requests it again. */
  rejectedGuard: z.string().optional(),
  history: z.array(step),
});
export type Action = z.infer<typeof action>;

/** The fields of an action that nobody has tried yet. */
export const justRequested = {
  state: 'requested',
  attempts: 0,
  notBefore: null,
  claim: null,
  before: null,
  after: null,
  outcome: null,
} as const satisfies Partial<Action>;
