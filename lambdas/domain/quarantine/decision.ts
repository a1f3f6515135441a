/** Decisions: approvals and blocks requested by people or portal rules. AQ never undoes one. */
import { z } from 'zod';

export const requester = z.object({ kind: z.enum(['person', 'rule']), name: z.string().min(1) });
export type Requester = z.infer<typeof requester>;

export const decision = z.object({
  /** The id of its action: ids are the caller's idempotency keys. */
  decisionId: z.string().min(1),
  deviceId: z.string().min(1),
  decided: z.enum(['approve', 'block']),
  by: requester,
  at: z.number(),
  reason: z.string().optional(),
  expiresAt: z.number().optional(),
  withdrawnAt: z.number().optional(),
});
export type Decision = z.infer<typeof decision>;

/** Ends every decision about a device up to `at`, even if the withdrawal arrives before the decision. */
export const withdrawal = z.object({ deviceId: z.string().min(1), at: z.number(), by: z.string() });
export type Withdrawal = z.infer<typeof withdrawal>;
