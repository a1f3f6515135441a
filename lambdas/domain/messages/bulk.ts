/**
 * A bulk: many actions in one request, processed part by part after the response. One message requests the actions of a part,
 * another cancels them; the actions themselves are in the ledger like any other.
 */
import { z } from 'zod';
import { actionState } from '#domain/actions/action';
import { actionRequested } from '#domain/messages/events-in';

export const mostActions = 10_000;
/** Actions per message: a few seconds of work, and well below the size limit of a stored item. */
export const partSize = 100;

export const bulkMessage = z.object({
  bulkId: z.string().min(1),
  part: z.number().int().nonnegative(),
  what: z.enum(['take', 'cancel']),
});
export type BulkMessage = z.infer<typeof bulkMessage>;

/** Times are epoch ms. */
export const bulk = z.object({
  bulkId: z.string().min(1),
  requestedBy: z.string().min(1),
  requestedAt: z.number(),
  actions: z.number().int(),
  parts: z.number().int(),
  /** Fingerprint of the request: the same id with different content is rejected. */
  content: z.string(),
  cancelledAt: z.number().nullable(),
  cancelledBy: z.string().nullable(),
});
export type Bulk = z.infer<typeof bulk>;

export const refusedAction = z.object({ actionId: z.string(), because: z.string() });
export const stateCounts = z.partialRecord(actionState, z.number().int());
export type StateCounts = z.infer<typeof stateCounts>;

/** Progress of one part. `taken`: each of its actions was requested, refused, or cancelled before it was requested. */
export const partProgress = z.object({
  part: z.number().int(),
  actionIds: z.array(z.string()),
  taken: z.boolean(),
  refused: z.array(refusedAction),
  /** Counts once all of its actions have ended, so that they are not looked up again. */
  ended: stateCounts.nullable(),
});
export type PartProgress = z.infer<typeof partProgress>;

export const partRequests = z.object({ requests: z.array(actionRequested) });

export type BulkProgress = {
  /** Actions that are stored but not requested yet. */
  staged: number;
  states: StateCounts;
  refused: number;
  ended: number;
  /** Epoch ms, at the pace so far; null before any action has ended, and when all have. */
  estimatedEnd: number | null;
};

/** `states`: counts of the actions in the ledger. */
export function progressOf(
  { actions, requestedAt, cancelledAt }: Bulk,
  { states, refused, now }: { states: StateCounts; refused: number; now: number },
): BulkProgress {
  const inLedger = Object.values(states).reduce((sum, count) => sum + count, 0);
  const staged = Math.max(0, actions - inLedger - refused);
  const open = openStates.reduce((sum, state) => sum + (states[state] ?? 0), 0);
  const ended = inLedger - open + refused;
  const left = actions - ended;
  const pace = ended / Math.max(1, now - requestedAt);
  const estimatedEnd = left === 0 || ended === 0 || cancelledAt !== null ? null : Math.round(now + left / pace);
  return { staged, states, refused, ended, estimatedEnd };
}

const openStates = ['requested', 'queued', 'waiting', 'dispatched', 'unknown', 'applied', 'delivered'] as const;

export function countStates(states: Iterable<z.infer<typeof actionState>>): StateCounts {
  const counts: StateCounts = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

export function addCounts(one: StateCounts, other: StateCounts): StateCounts {
  const sum = { ...one };
  for (const [state, count] of Object.entries(other) as [keyof StateCounts, number][]) sum[state] = (sum[state] ?? 0) + count;
  return sum;
}
