/** Within one batch a user is evaluated once, however many messages name them; across batches every message counts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { UserKey } from '#domain/devices/device';
import { oncePerUser } from '#functions/evaluate/once-per-user';

const key = (user: string, sourceId = 'cloud'): UserKey => ({ sourceId, user });

test('messages of one batch that name the same user share one evaluation', async () => {
  const evaluated: string[] = [];
  const evaluate = oncePerUser(async ({ sourceId, user }: UserKey, _: object) => {
    evaluated.push(`${sourceId} ${user}`);
  });
  await Promise.all([
    evaluate(key('Jane'), {}),
    evaluate(key('Jane'), {}),
    evaluate(key('Jane', 'hq'), {}),
    evaluate(key('Max'), {}),
  ]);
  expect(evaluated.sort()).toEqual(['cloud Jane', 'cloud Max', 'hq Jane']);
});

test('a failed evaluation fails every message that shares it, so that each is redelivered', async () => {
  const evaluate = oncePerUser(async (_: UserKey, __: object) => {
    throw new Error('throttled');
  });
  const outcomes = await Promise.allSettled([evaluate(key('Jane'), {}), evaluate(key('Jane'), {})]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('in any interleaving, the last evaluation of a user saw the last change', async () => {
  const step = fc.record({ user: fc.constantFrom('A', 'B', 'C'), deliverAfter: fc.integer({ min: 0, max: 3 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const stored = new Map<string, number>();
      const seen = new Map<string, number>();
      let queue: string[] = [];
      const deliver = async () => {
        const batch = queue;
        queue = [];
        const evaluate = oncePerUser(async ({ user }: UserKey, _: object) => {
          const read = stored.get(user) ?? 0;
          await Promise.resolve();
          seen.set(user, Math.max(seen.get(user) ?? 0, read));
        });
        await Promise.all(batch.map((user) => evaluate(key(user), {})));
      };
      for (const [index, { user, deliverAfter }] of steps.entries()) {
        stored.set(user, index + 1);
        queue.push(user);
        if (deliverAfter === 0) await deliver();
      }
      await deliver();
      expect(seen).toEqual(stored);
    }),
  );
});
