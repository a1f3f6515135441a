/**
 * Many workers at one source: never more concurrent requests than it allows, also after some were killed; other sources
 * unaffected.
 */
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { slotStore } from '#adapters/dynamodb/actions/concurrency-slots';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { controlKeys } from '#adapters/dynamodb/keys';
import { gatherHolder } from '#domain/actions/concurrency-slots';
import { type Batch, type Bounds, processConcurrently } from '#functions/act/concurrency';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let db: TestDatabase;
beforeAll(async () => {
  db = await startDynamoDb();
});
afterAll(() => db.stop());

const limit = 4;
function boundsOf(deviation: Partial<Bounds> = {}): Bounds {
  return {
    slots: slotStore(db.client, db.tables.control),
    limitOf: () => limit,
    now: Date.now,
    random: () => 0.5,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    full: new Map(),
    ...deviation,
  };
}
const record = (sourceId: string, nth: number): SQSRecord => ({
  messageId: `${sourceId} ${nth}`,
  receiptHandle: '',
  body: sourceId,
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '0',
    SenderId: 'x',
    ApproximateFirstReceiveTimestamp: '0',
    MessageGroupId: `${sourceId} ${nth}`,
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn',
  awsRegion: 'us-east-1',
});
const batchOf = (sourceId: string) => Array.from({ length: 10 }, (_, nth) => record(sourceId, nth));
const common = { sourceOf: ({ body }: SQSRecord) => body, bulk: false, onFailure: () => undefined };

test("ten workers with a hundred actions stay within the source's limit and finish", async () => {
  let [now, most, done] = [0, 0, 0];
  const request = async () => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, 2));
    now -= 1;
  };
  const each: Batch['each'] = async (_, { slots }) => {
    if (slots === null) return;
    for (let asked = 0; asked < 3; asked++) await slots(request);
    done += 1;
  };
  const until = Date.now() + 60_000;
  const frozenClock = { now: () => 0 };
  await Promise.all(
    Array.from({ length: 10 }, (_, nth) =>
      processConcurrently(boundsOf(frozenClock), { ...common, records: batchOf('many'), each, holder: `worker ${nth}`, until }),
    ),
  );
  expect(most).toBeLessThanOrEqual(limit);
  expect(done).toBe(100);
});

test('a full source returns its actions to the queue; another keeps full speed', async () => {
  const slots = slotStore(db.client, db.tables.control);
  let clock = Date.now();
  await slots.lease('slow', { holder: 'elsewhere', wanted: limit, limit, now: clock, until: clock + 60_000 });
  const went: string[] = [];
  const passes = async (ms: number) => {
    clock += ms;
  };
  const bounds = boundsOf({ now: () => clock, pause: passes });
  const answer = await processConcurrently(bounds, {
    ...common,
    records: [...batchOf('slow'), ...batchOf('quick')],
    each: async ({ body }, { slots }) => void went.push(`${body} ${slots !== null}`),
    holder: 'here',
    until: clock + 60_000,
  });
  expect(answer.batchItemFailures).toEqual([]);
  expect(went.filter((one) => one === 'quick true')).toHaveLength(10);
  expect(went.filter((one) => one === 'slow false')).toHaveLength(10);
  expect(bounds.full.get('slow')).toBeGreaterThan(clock);
});

test('workers that start one after the other all get some slots', async () => {
  const slots = slotStore(db.client, db.tables.control);
  const lease = (nth: number) =>
    slots.lease('shared out', { holder: `worker ${nth}`, wanted: 6, limit: 16, now: 1000, until: 2000 });
  const got: number[] = [];
  for (let nth = 0; nth < 6; nth++) got.push(await lease(nth));
  expect(got).toEqual([6, 5, 3, 1, 1, 0]);
});

/** A client with a concurrent writer: between each of its reads and writes somebody else writes the same item. */
function contendedClient(sourceId: string): DocumentClient {
  const other = { TableName: db.tables.control, Key: controlKeys.slots(sourceId) };
  const send: DocumentClient['send'] = async (command: unknown) => {
    const add = { UpdateExpression: 'ADD revision :one', ExpressionAttributeValues: { ':one': 1 } };
    if (command instanceof PutCommand) await db.client.send(new UpdateCommand({ ...other, ...add }));
    return db.client.send(command as PutCommand);
  };
  return Object.assign(Object.create(db.client), { send });
}

test('a worker overtaken every time fails no batch and returns its slots', async () => {
  const request = { holder: 'unlucky', wanted: 6, limit: 16, now: 1000, until: 2000 };
  const [uncontended, contended] = [db.client, contendedClient('throng')].map((client) => slotStore(client, db.tables.control));
  if (!uncontended || !contended) throw new Error('Both were made just now');
  expect(await uncontended.lease('throng', request)).toBe(6);
  expect(await contended.lease('throng', { ...request, holder: 'unluckier' })).toBe(0);
  await contended.release('throng', 'unlucky');
  await contended.release('throng', 'unlucky');
  expect(await uncontended.lease('throng', { ...request, holder: 'after', wanted: 15 })).toBe(15);
});

test('slots of a killed worker are released at its timeout, not before', async () => {
  const slots = slotStore(db.client, db.tables.control);
  const lease = (holder: string, now: number) => slots.lease('killed', { holder, wanted: 4, limit, now, until: now + 100 });
  expect(await lease('killed', 1000)).toBe(4);
  expect(await lease('next', 1099)).toBe(0);
  expect(await lease('next', 1100)).toBe(4);
  await slots.release('killed', 'next');
  await slots.release('killed', 'next');
  expect(await lease('third', 1150)).toBe(4);
});

test.each([1, 4])('a gather that finds all of %i slots taken gets the next released one', async (limit) => {
  const slots = slotStore(db.client, db.tables.control);
  const source = `taken ${limit}`;
  const lease = (holder: string, now: number) => slots.lease(source, { holder, wanted: 1, limit, now, until: 900_000 });
  const share = (now: number) => slots.share(source, { holder: gatherHolder, limit, inUse: 0, now, until: 900_000 });
  for (let nth = 0; nth < limit; nth++) expect(await lease(`act ${nth}`, 1000)).toBe(1);
  expect((await share(1000)).held).toBe(0);
  await slots.release(source, 'act 0');
  expect(await lease('next', 1500)).toBe(0);
  expect((await share(2000)).held).toBe(1);
  await slots.release(source, gatherHolder);
  expect(await lease('next', 2500)).toBe(1);
});

test('single actions without a slot get the next one, before any bulk', async () => {
  const slots = slotStore(db.client, db.tables.control);
  const lease = (holder: string, now: number, bulk: boolean) =>
    slots.lease('lanes', { holder, wanted: 1, limit: 2, bulk, now, until: 900_000 });
  expect([await lease('bulk 1', 1000, true), await lease('bulk 2', 1000, true)]).toEqual([1, 1]);
  expect(await lease('bulk 3', 1000, true)).toBe(0);
  expect(await lease('single', 1100, false)).toBe(0);
  await slots.release('lanes', 'bulk 1');
  expect(await lease('bulk 3', 1200, true)).toBe(0);
  expect(await lease('single', 1300, false)).toBe(1);
  await slots.release('lanes', 'bulk 2');
  expect(await lease('bulk 3', 1400, true)).toBe(1);
});

test('single actions that have ended keep no slot idle for long', async () => {
  const slots = slotStore(db.client, db.tables.control);
  const lease = (holder: string, now: number, bulk: boolean) =>
    slots.lease('left', { holder, wanted: 1, limit: 1, bulk, now, until: now + 100 });
  expect(await lease('bulk 1', 1000, true)).toBe(1);
  expect(await lease('single', 1050, false)).toBe(0);
  expect(await lease('bulk 2', 3000, true)).toBe(0);
  expect(await lease('bulk 2', 3050, true)).toBe(1);
});

test('a gather that does not return is not waited for beyond a minute', async () => {
  const slots = slotStore(db.client, db.tables.control);
  const lease = (holder: string, now: number) => slots.lease('gone', { holder, wanted: 1, limit: 1, now, until: now + 100 });
  expect(await lease('act', 1000)).toBe(1);
  expect((await slots.share('gone', { holder: gatherHolder, limit: 1, inUse: 0, now: 1050, until: 2000 })).held).toBe(0);
  expect(await lease('next', 61_000)).toBe(0);
  expect(await lease('next', 61_050)).toBe(1);
});

test('a gather gets all slots but one, half under demand, then all again', async () => {
  const slots = slotStore(db.client, db.tables.control);
  const share = (inUse: number, now: number) =>
    slots.share('shared', { holder: gatherHolder, limit: 8, inUse, now, until: now + 60_000 });
  const lease = (now: number) => slots.lease('shared', { holder: 'act', wanted: 6, limit: 8, now, until: now + 60_000 });
  expect(await share(0, 0)).toEqual({ held: 7, goal: 7 });
  expect(await lease(10)).toBe(1);
  // It still has seven requests in progress: their slots are not taken from it, and are recorded as released once they are not
  // used any more.
  expect(await share(7, 1000)).toEqual({ held: 7, goal: 4 });
  expect(await lease(1010)).toBe(1);
  expect(await share(4, 2000)).toEqual({ held: 4, goal: 4 });
  expect(await lease(2010)).toBe(4);
  expect(await share(4, 3000)).toEqual({ held: 4, goal: 4 });
  await slots.release('shared', 'act');
  expect(await share(4, 9000)).toEqual({ held: 7, goal: 7 });
});
