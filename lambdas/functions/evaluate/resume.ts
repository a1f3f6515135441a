/**
 * A source may be healthy again: actions that wait for it are sent to the action queue. While its pause is over but its problem
 * remains, one action is sent as a probe; otherwise all of them. When time runs short it continues by sending itself a message.
 */
import { actionOutgoing } from '#adapters/action-queue';
import { hasProblem, pausedUntil } from '#domain/actions/readiness';
import { clockTolerance, delaySeconds } from '#domain/actions/retry';
import type { EvaluationMessage } from '#domain/messages/queue-messages';
import type { EvaluateDependencies } from './dependencies.ts';

type Resume = Extract<EvaluationMessage, { kind: 'resume' }>;
type Needs = Pick<EvaluateDependencies, 'ledger' | 'sources' | 'actions' | 'evaluations' | 'now'>;

/** Time reserved for the current page, ms. */
const reserve = 15_000;

/**
 * `remaining`: ms that this invocation has left. The continuation is sent last: after a crash actions are sent again, never
 * lost.
 */
export function resumeActions({ ledger, sources, actions, evaluations, now }: Needs) {
  return async (message: Resume, { remaining }: { remaining: () => number }): Promise<void> => {
    const { sourceId } = message;
    const state = await sources.read(sourceId);
    const paused = pausedUntil(state, now() + clockTolerance);
    if (paused && message.pause !== undefined && state.pause && state.pause.until !== message.pause) return;
    // SQS delays by at most 15 minutes: a longer pause is waited for in parts.
    if (paused) return evaluations.send([{ body: message, delaySeconds: Math.max(1, delaySeconds(paused.until, now())) }]);
    const isProbe = hasProblem(state);
    let cursor = message.cursor ?? null;
    do {
      const page = await ledger.due(sourceId, Number.MAX_SAFE_INTEGER, cursor === null ? {} : { cursor });
      const waiting = page.items.filter(({ waitsFor, claim }) => waitsFor === 'source' && claim === null);
      const some = isProbe ? waiting.slice(0, 1) : waiting;
      if (some.length > 0) await actions.send(some.map(actionOutgoing));
      if (isProbe && some.length > 0) return;
      cursor = page.cursor;
    } while (cursor !== null && remaining() > reserve);
    if (cursor !== null) await evaluations.send([{ body: { ...message, cursor } satisfies Resume }]);
  };
}
