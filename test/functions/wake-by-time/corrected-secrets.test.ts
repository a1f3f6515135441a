/** A source that rejected our credentials is retried as soon as its secret changes, and otherwise not before its hour. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import type { SourceConfiguration } from '#domain/runtime/configuration';
import { type CorrectedDependencies, tryCorrected } from '#functions/wake-by-time/corrected-secrets';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import type { GatherRequest } from '#use-cases/gathers/request-gather';

const hour = 3_600_000;
const clock = Date.UTC(2026, 2, 1, 8);
let database: TestDatabase;
let version: string | null;
let asked: GatherRequest[];
let secretReads: string[];
let deps: CorrectedDependencies;

beforeAll(async () => {
  database = await startDynamoDb();
});
beforeEach(() => {
  version = 'corrected-version';
  asked = [];
  secretReads = [];
  deps = {
    configured: [
      {
        ...{ id: 'cloud', kind: 'smartcloud', url: 'https://mail.example', concurrency: 4, enforcement: 'server' },
        credentials: { secretName: 'traveler/cloud' },
      } as SourceConfiguration,
      { id: 'hq', kind: 'traveler' } as SourceConfiguration,
    ],
    sources: sourceStore(database.client, database.tables.control),
    versionOf: async (secretName) => {
      secretReads.push(secretName);
      return version;
    },
    requestGather: async (request) => {
      asked.push(request);
      return { outcome: 'requested', runId: 'run' };
    },
    now: () => clock,
  };
});
afterAll(() => database.stop());

const problem = { kind: 'denied' as const, what: 'x', where: 'x', remedy: 'x', at: clock - 1000 };
const paused = { problem, retryAt: clock + hour, refusedSecret: 'refused-version' };

test('a secret changed since its rejection is tried by one gather, once', async () => {
  await deps.sources.updateFrom(await deps.sources.read('cloud'), paused);
  expect(await tryCorrected(deps)()).toEqual(['cloud']);
  expect(await tryCorrected(deps)()).toEqual([]);
  expect(asked).toMatchObject([{ sourceId: 'cloud', requestedAt: clock }]);
});

test.each([
  ['the secret is still the same', paused, 'refused-version'],
  ['nobody can tell which secret counts', paused, null],
  ['nobody knows which secret was turned away', { ...paused, refusedSecret: null }, 'corrected-version'],
  ['the hour is over: the schedule tries it', { ...paused, retryAt: clock - 1 }, 'corrected-version'],
  ['the source has another trouble', { ...paused, problem: { ...problem, kind: 'transient' as const } }, 'corrected-version'],
])('no gather is requested when %s', async (_, state, current) => {
  version = current;
  await deps.sources.updateFrom(await deps.sources.read('cloud'), state);
  expect(await tryCorrected(deps)()).toEqual([]);
  expect(asked).toEqual([]);
});

test('the secret of a healthy source is not read', async () => {
  await deps.sources.updateFrom(await deps.sources.read('cloud'), { problem: null, retryAt: null, refusedSecret: null });
  await tryCorrected(deps)();
  expect(secretReads).toEqual([]);
});
