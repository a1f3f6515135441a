/** Everyone at a source is sent to evaluation, in any number of pages and invocations. */
import { expect, test } from 'vitest';
import { evaluationMessage } from '#domain/messages/queue-messages';
import { sendEveryone } from '#functions/evaluate/evaluate-everyone';
import { manualQueue } from '#test/fixtures/manual-queue';

const pages = 7;
/** Page n holds users n*60 … n*60+99: neighbours overlap, as a user's devices lie on several pages. */
const devices = {
  usersOfSource: async (_: string, cursor?: string | null) => {
    const page = Number(cursor ?? 0);
    const users = Array.from({ length: 100 }, (_, index) => `User ${page * 60 + index}/Acme`);
    return { users, cursor: page + 1 < pages ? String(page + 1) : null };
  },
};
const all = Array.from({ length: (pages - 1) * 60 + 100 }, (_, index) => `User ${index}/Acme`);

async function run(remaining: () => number) {
  const evaluations = manualQueue(() => 0);
  const everyone = sendEveryone({ devices, evaluations });
  let invocations = 0;
  const users: string[] = [];
  await evaluations.send([{ body: { kind: 'everyone', sourceId: 'cloud', cause: 'test' } }]);
  while (evaluations.size > 0)
    for (const received of evaluations.take(0, 0)) {
      const message = evaluationMessage.parse(received.body);
      received.delete();
      if (message.kind === 'users') users.push(...message.users);
      else if (message.kind === 'everyone') {
        invocations += 1;
        await everyone(message, { remaining });
      }
    }
  return { users, invocations };
}

test('with enough time, each user is sent once', async () => {
  const { users, invocations } = await run(() => 60_000);
  expect(users.sort()).toEqual([...all].sort());
  expect(invocations).toBe(1);
});

test('when time is short, another message continues at that point, and nobody is missed', async () => {
  const { users, invocations } = await run(() => 1_000);
  expect(new Set(users)).toEqual(new Set(all));
  expect(invocations).toBe(pages);
});
