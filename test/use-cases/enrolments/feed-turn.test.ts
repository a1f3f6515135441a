/** After a silence of the portal the guard looks before any evaluation counts on the feed. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import { applyEnrolments } from '#use-cases/enrolments/apply-enrolments';
import type { GuardResult } from '#use-cases/guard/guard-run';

let database: TestDatabase;
let clock = Date.UTC(2026, 2, 1, 8);
let log: string[] = [];
beforeAll(async () => {
  database = await startDynamoDb();
});
beforeEach(() => {
  clock += 1000 * 3_600_000;
  log = [];
});
afterAll(() => database.stop());

/** One process each. */
function worker(withholding: (guardId: string) => Promise<GuardResult>) {
  const enrolments = enrolmentStore(database.client, database.tables, 24);
  const evaluations: EvaluationsQueue = {
    everyone: async () => void log.push(`everyone evaluated, the feed is ${await enrolments.feed(clock)}`),
    users: async () => void log.push(`users evaluated, the feed is ${await enrolments.feed(clock)}`),
  };
  const rail = { withholding: ({ guardId }: { guardId: string }) => withholding(guardId) };
  return applyEnrolments({ sources: [{ id: 'cloud' }], enrolments, evaluations, rail, now: () => clock });
}

const clear = { outcome: 'clear' } as const;

test('other events are evaluated with the former feed while the guard looks', async () => {
  const guard = Promise.withResolvers<GuardResult>();
  const first = worker(() => {
    log.push('guard looks');
    return guard.promise;
  })([]);
  await expect.poll(() => log).toContain('guard looks');
  await worker(() => guard.promise)([]);
  expect(log.filter((line) => line.startsWith('users evaluated'))).toEqual(['users evaluated, the feed is never']);
  guard.resolve(clear);
  await first;
  expect(log).toContain('everyone evaluated, the feed is fresh');
  expect(log.filter((line) => line.startsWith('everyone'))).toHaveLength(1);
});

test('an owner whose guard failed is replaced by one that asks the same guard', async () => {
  const guards: string[] = [];
  const failing = worker(async (guardId) => {
    guards.push(guardId);
    throw new Error('throttled');
  });
  await expect(failing([])).rejects.toThrow('throttled');
  clock += 120_000;
  await worker(async (guardId) => {
    guards.push(guardId);
    return clear;
  })([]);
  expect(new Set(guards).size).toBe(1);
  expect(guards).toHaveLength(2);
  expect(log).toContain('everyone evaluated, the feed is fresh');
});
