/** Sends every user of a source to evaluation, page by page; when time runs short it continues by sending itself a message. */
import { evaluationOutgoing } from '#adapters/evaluations-queue';
import type { EvaluationMessage } from '#domain/messages/queue-messages';
import type { EvaluateDependencies } from './dependencies.ts';

const usersPerMessage = 50;
/** A page takes well under a second; this leaves room for a slow one, ms. */
const reserve = 15_000;

type Everyone = Extract<EvaluationMessage, { kind: 'everyone' }>;

/**
 * `remaining`: ms that this invocation has left. A user is sent once per invocation, even when their devices are on several
 * pages. The continuation is sent last: after a crash users are sent again, never skipped.
 */
export function sendEveryone(deps: Pick<EvaluateDependencies, 'devices' | 'evaluations'>) {
  return async (message: Everyone, { remaining }: { remaining: () => number }): Promise<void> => {
    const { sourceId, cause } = message;
    const seen = new Set<string>();
    let waiting: string[] = [];
    let cursor: string | null = message.cursor ?? null;
    do {
      const page = await deps.devices.usersOfSource(sourceId, cursor);
      const fresh = page.users.filter((user) => !seen.has(user));
      for (const user of fresh) seen.add(user);
      waiting = await sendFull([...waiting, ...fresh], { sourceId, cause });
      cursor = page.cursor;
    } while (cursor !== null && remaining() > reserve);
    if (waiting.length > 0) await send([waiting], { sourceId, cause });
    if (cursor !== null)
      await deps.evaluations.send([{ body: { kind: 'everyone', sourceId, cause, cursor } satisfies EvaluationMessage }]);
  };

  /** Sends full messages; returns the users left for the next one. */
  async function sendFull(users: string[], about: About): Promise<string[]> {
    const full = Math.floor(users.length / usersPerMessage);
    const parts = Array.from({ length: full }, (_, index) => users.slice(index * usersPerMessage, (index + 1) * usersPerMessage));
    if (parts.length > 0) await send(parts, about);
    return users.slice(full * usersPerMessage);
  }

  function send(parts: string[][], { sourceId, cause }: About): Promise<void> {
    const bodies: EvaluationMessage[] = parts.map((users) => ({ kind: 'users', sourceId, users, cause, bulk: true }));
    return deps.evaluations.send(bodies.map((body) => evaluationOutgoing(body)));
  }
}

type About = Pick<Everyone, 'sourceId' | 'cause'>;
