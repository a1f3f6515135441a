/** One message of the evaluations queue: some users, everyone at a source, or the actions that wait for a source to recover. */
import pMap from 'p-map';
import type { EvaluationMessage } from '#domain/messages/queue-messages';
import { sourceContexts } from '#use-cases/decide-user/source-context';
import type { EvaluateDependencies } from './dependencies.ts';
import { sendEveryone } from './evaluate-everyone.ts';
import { evaluateUser } from './evaluate-user.ts';
import { oncePerUser } from './once-per-user.ts';
import { resumeActions } from './resume.ts';

const usersAtOnce = 8;

/**
 * For one batch: its messages share contexts and evaluations; later batches do not. `remaining`: ms that this invocation has
 * left.
 */
export function evaluateBatch(deps: EvaluateDependencies, { remaining }: { remaining: () => number }) {
  const contexts = sourceContexts(deps);
  const evaluate = oncePerUser(evaluateUser(deps));
  const everyone = sendEveryone(deps);
  const resumed = resumeActions(deps);
  return async (message: EvaluationMessage): Promise<void> => {
    const cleared = await deps.guard?.(message, contexts);
    if (cleared === 'sent') return;
    if (message.kind === 'everyone') return everyone(message, { remaining });
    if (message.kind === 'resume') return resumed(message, { remaining });
    const { sourceId, users, bulk } = message;
    await pMap([...new Set(users)], (user) => evaluate({ sourceId, user }, { contexts, bulk }), {
      concurrency: usersAtOnce,
      stopOnError: false,
    });
  };
}
