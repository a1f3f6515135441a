/**
 * Evaluations of the same user in one batch become one. Every message of a batch was sent, and so its change was written, before
 * the batch was received: one evaluation that begins afterwards sees all changes.
 */
import type { UserKey } from '#domain/devices/device';

/** Runs `evaluate` once per user; a further call for the same user shares the first one's result, including a failure. */
export function oncePerUser<O>(
  evaluate: (key: UserKey, options: O) => Promise<void>,
): (key: UserKey, options: O) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  return (key, options) => {
    const name = JSON.stringify([key.sourceId, key.user]);
    const known = running.get(name) ?? evaluate(key, options);
    running.set(name, known);
    return known;
  };
}
