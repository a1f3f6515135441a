/**
 * A standing decision that ends by itself changes a verdict without anything happening. So an evaluation is sent ahead for that
 * time, at most 15 minutes ahead at once (SQS), each one sending the next: one such chain per decision, noted on it.
 */
import type { Decision } from '#domain/decision';
import type { UserKey } from '#domain/device';
import type { EvaluationMessage } from '#domain/messages';
import { delaySeconds, longestWait } from '#domain/retry';
import type { EvaluateDependencies } from './dependencies.ts';

/** Sent before it is noted: a crash in between sends it once more, and loses none. */
export async function sendAhead(deps: EvaluateDependencies, key: UserKey, decisions: readonly Decision[]): Promise<void> {
  const now = deps.now();
  for (const decision of decisions) {
    const { expiresAt, withdrawnAt, wakeAt = 0 } = decision;
    if (expiresAt === undefined || expiresAt <= now || withdrawnAt !== undefined || wakeAt > now) continue;
    const at = Math.min(expiresAt, now + longestWait);
    const body: EvaluationMessage = {
      kind: 'users',
      sourceId: key.sourceId,
      users: [key.user],
      cause: 'a decision is about to end',
    };
    await deps.evaluations.send([{ body, delaySeconds: Math.max(1, delaySeconds(at, now)) }]);
    await deps.users.noteWake(key, decision, { wakeAt: at });
  }
}
