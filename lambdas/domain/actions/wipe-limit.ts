/** The hourly limit on wipes: a wipe above it waits until a person confirms it by a second call. */
import type { AttemptOnDevice, Decision } from '#domain/actions/attempt';
import { only, stepsFor } from '#domain/actions/attempt-steps';

/** `limit`: wipes of one source per hour. */
export function askConfirmation(attempt: AttemptOnDevice, { limit, now }: { limit: number; now: number }): Decision {
  const { actionId, type, requestedBy, expiresAt } = attempt.action;
  const note = `More than ${limit} wipes were asked for at this source within an hour, so this one waits: confirm it with a second call if it is meant, or cancel it.`;
  const line = {
    at: now,
    id: `confirmation|${actionId}`,
    kind: 'notice' as const,
    says: note,
    data: { actionId, type, requestedBy },
  };
  const steps = stepsFor(attempt, [['postpone', note]], now);
  return only({ do: 'ask-confirmation', steps, before: null, notBefore: expiresAt, askedAt: now, line });
}
