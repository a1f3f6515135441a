/**
 * A source may be well again: what waits for it is sent to the action queue. While its pause is over but not lifted, one action
 * is sent to try; once it is lifted, all of them are. Goes on by a message of its own when time gets short.
 */
import { actionOutgoing } from '#adapters/action-queue';
import { hasProblem, pausedUntil } from '#domain/actions/readiness';
import { clockTolerance, delaySeconds } from '#domain/actions/retry';
import type { EvaluationMessage } from '#domain/messages/messages';
import type { EvaluateDependencies } from './dependencies.ts';

type Resume = Extract<EvaluationMessage, { kind: 'resume' }>;
type Needs = Pick<EvaluateDependencies, 'ledger' | 'sources' | 'actions' | 'evaluations' | 'now'>;

/** Time kept for the page in hand, ms. */
const reserve = 15_000;

/** `remaining`: ms that this invocation has left. The continuation goes last: what a crash cuts off is sent again. */
export function resumeActions({ ledger, sources, actions, evaluations, now }: Needs) {
  return async (message: Resume, { remaining }: { remaining: () => number }): Promise<void> => {
    const { sourceId } = message;
    const state = await sources.read(sourceId);
    const paused = pausedUntil(state, now() + clockTolerance);
    if (paused && message.pause !== undefined && state.pause && state.pause.until !== message.pause) return;
    // Queues delay by a quarter of an hour at most: a longer pause is waited for in parts.
    if (paused) return evaluations.send([{ body: message, delaySeconds: Math.max(1, delaySeconds(paused.until, now())) }]);
    const onTrial = hasProblem(state);
    let cursor = message.cursor ?? null;
    do {
      const page = await ledger.due(sourceId, Number.MAX_SAFE_INTEGER, cursor === null ? {} : { cursor });
      const waiting = page.items.filter(({ waitsFor, claim }) => waitsFor === 'source' && claim === null);
      const some = onTrial ? waiting.slice(0, 1) : waiting;
      if (some.length > 0) await actions.send(some.map(actionOutgoing));
      if (onTrial && some.length > 0) return;
      cursor = page.cursor;
    } while (cursor !== null && remaining() > reserve);
    if (cursor !== null) await evaluations.send([{ body: { ...message, cursor } satisfies Resume }]);
  };
}
