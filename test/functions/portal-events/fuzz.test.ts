/**
 * Malformed events by the thousand, through PutEvents as an AWS SDK sends it, the bus's rule and a real queue with its
 * dead-letter queue: each is visible there and as one line of the journal that names what is wrong, and nothing else is left.
 */
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ChangeMessageVisibilityCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import pMap from 'p-map';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventsIn } from '#domain/messages/events-in';
import { defaultSettings } from '#domain/quarantine/settings';
import { EventRejected, portalEvents } from '#functions/portal-events/portal-events';
import { reportRejection } from '#functions/portal-events/report-rejection';
import { aFolder, queueArn, startStack, type TestStack } from '#test/emulator/services/stack';
import { anEnrolment, janes, type PortalSide, start, startPortalSide } from './portal-side.ts';

/** `npm run thorough` for more; `SEED=1` to repeat a run. */
const count = Number(process.env.FUZZED ?? 1000);
const target = { id: 'T', arn: queueArn('work'), deadLetterArn: queueArn('lost'), inputTemplate: null };
const rules = [{ id: 'Portal', busName: 'bus', pattern: { source: ['portal'] }, enabled: true, targets: [target] }];
/**
 * One receive, and a message that fails goes to the dead-letter queue: what five receives do in the cloud, in a fifth of the
 * time.
 */
const onceOnly = JSON.stringify({ deadLetterTargetArn: queueArn('dead'), maxReceiveCount: 1 });

let side: PortalSide;
let stack: TestStack;
let folder: Awaited<ReturnType<typeof aFolder>>;
beforeAll(async () => {
  folder = await aFolder();
  side = await startPortalSide();
  stack = await startStack(folder.path, {
    rules,
    change: (model) => ({
      ...model,
      queues: model.queues.map((one) =>
        one.name === 'work' ? { ...one, attributes: { ...one.attributes, RedrivePolicy: onceOnly } } : one,
      ),
    }),
  });
});
afterAll(async () => {
  await Promise.all([side.stop(), stack.stop()]);
  await folder.remove();
});

/** A valid example of each kind; what is sent differs from it in one place or more, or is something else altogether. */
const sound: { [K in keyof typeof eventsIn]: Record<string, unknown> } = {
  ActionRequested: {
    ...{ actionId: 'a1', requestedAt: start, requestedBy: { kind: 'person', name: 'ann' }, type: 'approve', target: janes },
  },
  EnrolmentChanged: { enrolment: anEnrolment() },
  EnrolmentSnapshot: { snapshotId: 's1', part: 1, parts: 1, enrolments: [anEnrolment()] },
  SettingsPublished: { settings: defaultSettings, version: 1, publishedBy: 'ann', publishedAt: start },
  DecisionWithdrawn: { target: janes, decidedBy: 'ann' },
  GatherRequested: { sourceId: 'cloud' },
};
type Kind = keyof typeof eventsIn;
const kinds = Object.keys(sound) as Kind[];

/** Places of a value: the path to every part of it. */
function placesOf(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, inner]) => placesOf(inner, [...at, name]))].filter(
    (one) => one.length > 0,
  );
}
function replaced(value: unknown, [name, ...rest]: string[], by: unknown): unknown {
  if (name === undefined) return by;
  if (Array.isArray(value)) return value.map((one, index) => (String(index) === name ? replaced(one, rest, by) : one));
  return { ...(value as object), [name]: replaced((value as Record<string, unknown>)[name], rest, by) };
}

const junk = fc.oneof(
  fc.constantFrom(null, '', ' ', -1, 0.5, 1e308, true, [], {}, '__proto__', '2026-13-45T99:00:00Z', 'person', '\u0000', '😀'),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const mutated = fc.constantFrom(...kinds).chain((kind) =>
  fc.record({ kind: fc.constant(kind), path: fc.constantFrom(...placesOf(sound[kind])), by: junk }).map(({ path, by }) => ({
    kind,
    detail: replaced(sound[kind], path, by),
  })),
);
const foreign = fc.record({
  kind: fc.constantFrom<string>(...kinds, 'Nonsense', 'toString'),
  detail: fc.dictionary(fc.string(), junk),
});
/** Only what the schema rejects: a replaced field may by chance still be valid. */
const malformed = fc
  .oneof({ arbitrary: mutated, weight: 4 }, { arbitrary: foreign, weight: 1 })
  .filter(
    ({ kind, detail }) =>
      !Object.hasOwn(eventsIn, kind) || !eventsIn[kind as Kind].safeParse(JSON.parse(JSON.stringify(detail))).success,
  );

async function stored(): Promise<Record<string, number>> {
  const { client, tables } = side.database;
  const sizes = await Promise.all(
    Object.entries(tables).map(async ([name, TableName]) => {
      let [items, from] = [0, undefined as Record<string, unknown> | undefined];
      do {
        const page = await client.send(
          new ScanCommand({ TableName, Select: 'COUNT', ...(from ? { ExclusiveStartKey: from } : {}) }),
        );
        items += page.Count ?? 0;
        from = page.LastEvaluatedKey;
      } while (from);
      return [name, items] as const;
    }),
  );
  return Object.fromEntries(sizes);
}

test(`${count} malformed events leave only their letters and their lines`, {
  timeout: 300_000 * Math.max(1, count / 1000),
}, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const { sqs, events } = stack.as('portal');
  const [QueueUrl, dead] = [stack.url('work'), stack.url('dead')];
  const given = fc.sample(malformed, { numRuns: count, seed });
  const batches = Array.from({ length: Math.ceil(given.length / 10) }, (_, index) => given.slice(index * 10, index * 10 + 10));
  const before = await stored();
  await pMap(
    batches,
    async (batch) => {
      const Entries = batch.map(({ kind, detail }) => ({
        ...{ EventBusName: 'bus', Source: 'portal', DetailType: kind, Detail: JSON.stringify(detail) },
      }));
      expect((await events.send(new PutEventsCommand({ Entries }))).FailedEntryCount).toBe(0);
    },
    { concurrency: 8 },
  );

  const [handle, report] = [portalEvents(side.requests), reportRejection(side.requests)];
  const unnamed: string[] = [];
  async function work(): Promise<void> {
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return;
      await Promise.all(
        Messages.map(async ({ Body = '', MessageId = '', ReceiptHandle }) => {
          const error = await handle(Body, start).then(
            () => expect.fail(`taken: ${Body}`),
            (reason: unknown) => reason,
          );
          if (!(error instanceof EventRejected)) throw error;
          if (error.faults.length === 0 || error.faults.some(({ message }) => message === '')) unnamed.push(Body);
          await report(error, { body: Body, messageId: MessageId, receivedAt: start });
          await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
        }),
      );
    }
  }
  await Promise.all([work(), work(), work(), work()]);

  const AttributeNames: ['ApproximateNumberOfMessages'] = ['ApproximateNumberOfMessages'];
  const letters = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames }));
  expect(Number(letters.Attributes?.ApproximateNumberOfMessages)).toBe(count);
  expect(unnamed).toEqual([]);
  expect(await stored()).toEqual({ ...before, journal: (before.journal ?? 0) + count });
  for (const queue of ['gather', 'evaluations', 'actions'] as const) expect(await side.queues.drain(queue)).toEqual([]);
});
