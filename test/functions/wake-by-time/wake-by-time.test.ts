/** What changes by time alone, on real stores, with the schedule advanced by hand and killed at every call. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { decisionStore } from '#adapters/dynamodb/devices/decisions';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { evaluationsQueue } from '#adapters/evaluations-queue';
import { evaluationMessage } from '#domain/messages/queue-messages';
import { type WakeDependencies, wakeByTime } from '#functions/wake-by-time/wake-by-time';
import { Killed, killedAt } from '#test/fixtures/crashing';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import { manualQueue } from '#test/fixtures/manual-queue';

const minute = 60_000;
const hour = 60 * minute;
let database: TestDatabase;
let clock = Date.UTC(2026, 2, 1, 8);
let queue = manualQueue(() => clock);
let deps: WakeDependencies;

beforeAll(async () => {
  database = await startDynamoDb();
});
beforeEach(() => {
  // A separate time: nothing that another test left behind ends there.
  clock += 1000 * hour;
  queue = manualQueue(() => clock);
  deps = {
    sourceIds: ['cloud', 'hq'],
    decisions: decisionStore(database.client, database.tables),
    enrolments: store(),
    evaluations: evaluationsQueue(queue),
    now: () => clock,
  };
});
afterAll(() => database.stop());

const store = () => enrolmentStore(database.client, database.tables, 24);
const decide = (id: string, expiresAt?: number) =>
  decisionStore(database.client, database.tables).record(
    { sourceId: 'cloud', user: `User ${id}`, deviceId: 'A' },
    {
      ...{ decisionId: id, deviceId: 'A', decided: 'approve', by: { kind: 'person', name: 'ann' }, at: clock },
      ...(expiresAt === undefined ? {} : { expiresAt }),
    },
  );
/** Users whose evaluation may be received now. */
const usersDue = () =>
  queue.take(clock, hour).flatMap(({ body, delete: remove }) => {
    remove();
    const message = evaluationMessage.parse(body);
    return message.kind === 'users' ? message.users : [`everyone at ${message.sourceId}`];
  });

test('a decision that ends is evaluated on the second, and once more afterwards', async () => {
  await decide('ends', clock + 90_500);
  await decide('later', clock + 100 * 365 * 24 * hour);
  await decide('never');
  await wakeByTime(deps)();
  expect(usersDue()).toEqual([]);
  clock += 90_500;
  expect(usersDue()).toEqual([]);
  clock += 2000;
  expect(usersDue()).toEqual(['User ends']);
  await wakeByTime(deps)();
  expect(usersDue()).toEqual(['User ends']);
  expect(await wakeByTime(deps)()).toMatchObject({ endings: 0, ended: 0 });
  expect(usersDue()).toEqual([]);
});

test('a decision that ended during an outage is evaluated at the next schedule', async () => {
  await decide('slept', clock + 5 * minute);
  clock += 3 * hour;
  expect(await wakeByTime(deps)()).toMatchObject({ ended: 1 });
  expect(usersDue()).toEqual(['User slept']);
});

test('a silent portal is noticed once, every source is evaluated, the journal records it', async () => {
  const enrolments = store();
  await enrolments.noteEvent(clock);
  await enrolments.noteAnnounced();
  const lastEventAt = clock;
  clock += 24 * hour;
  expect((await wakeByTime(deps)()).feed).toBeNull();
  clock += minute;
  expect((await wakeByTime(deps)()).feed).toBe('stale');
  expect(usersDue()).toEqual(['everyone at cloud', 'everyone at hq']);
  expect((await wakeByTime(deps)()).feed).toBeNull();
  expect(await timelineStore(database.client, database.tables.journal).readSource('*', { limit: 1 })).toEqual([
    expect.objectContaining({ kind: 'feed', at: lastEventAt + 24 * hour, data: { state: 'stale' } }),
  ]);
});

test('a turn to fresh that nobody completed is left to the next event, which asks the guard', async () => {
  await store().noteEvent(clock);
  clock += 2 * minute;
  expect((await wakeByTime(deps)()).feed).toBeNull();
  expect(usersDue()).toEqual([]);
  expect((await store().noteEvent(clock)).outcome).toBe('owed');
});

test('killed at any call, the next run of the schedule completes it', async () => {
  for (let at = 1; ; at++) {
    clock += 1000 * hour;
    await store().noteEvent(clock - 100 * hour);
    await store().noteAnnounced();
    await decide(`killed ${at}`, clock - minute);
    const { killPoint, wrap } = killedAt(at);
    const killable = {
      decisions: wrap(deps.decisions, 'decisions'),
      enrolments: wrap(deps.enrolments, 'enrolments'),
      evaluations: wrap(deps.evaluations, 'evaluations'),
    };
    await wakeByTime({ ...deps, ...killable })().catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
    await wakeByTime(deps)();
    const due = new Set(usersDue());
    expect([killPoint.where(), due]).toEqual([
      killPoint.where(),
      new Set([`User killed ${at}`, 'everyone at cloud', 'everyone at hq']),
    ]);
    expect(await wakeByTime(deps)()).toEqual({ endings: 0, ended: 0, feed: null });
    if (!killPoint.died()) return;
  }
});
