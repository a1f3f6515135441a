import { PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Rule } from '#infra/emulator/model';
import { aFolder, arn, bodiesIn, queueArn, startStack, type TestStack } from './stack.ts';

const functionArn = arn('lambda', 'function:listener');
const target = (targetArn: string, deadLetterArn: string | null = null) => ({
  id: 'T',
  arn: targetArn,
  deadLetterArn,
  inputTemplate: null,
});
const rule = (id: string, pattern: Rule['pattern'], targets: Rule['targets']): Rule => ({
  id,
  busName: 'bus',
  pattern,
  enabled: true,
  targets,
});
const rules = [
  rule('ToQueue', { source: ['portal'] }, [target(queueArn('work'))]),
  rule('ToNowhere', { source: ['lost'] }, [target(queueArn('gone'), queueArn('lost'))]),
  rule('ToNowhereAtAll', { source: ['lost-for-good'] }, [target(queueArn('gone'))]),
  rule('ToFunction', { source: ['call'] }, [target(functionArn, queueArn('lost'))]),
  { ...rule('Off', { source: ['portal'] }, [target(queueArn('dead'))]), enabled: false },
];

let stack: TestStack;
let folder: { path: string; remove(): Promise<void> };
let invoked: { functionArn: string; event: unknown }[];
let problems: string[];
let failures: number;
beforeEach(async () => {
  folder = await aFolder();
  invoked = [];
  problems = [];
  failures = 0;
  const invoke = async (called: string, event: unknown) => {
    invoked.push({ functionArn: called, event });
    if (invoked.length <= failures) throw new Error('not now');
    return null;
  };
  stack = await startStack(folder.path, { rules }, { invoke, onProblem: (says) => problems.push(says) });
});
afterEach(async () => {
  await stack.stop();
  await folder.remove();
});

const entry = (given: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: 'bus',
  Source: 'portal',
  DetailType: 'EnrolmentChanged',
  Detail: '{"id":1}',
  ...given,
});
const publish = (...Entries: PutEventsRequestEntry[]) => stack.as('portal').events.send(new PutEventsCommand({ Entries }));
const inQueue = async (name: string) => (await bodiesIn(stack.as('operator'), stack.url(name))).map((body) => JSON.parse(body));

describe('an event', () => {
  test('is in the queue of its rule, in its envelope, when PutEvents returns', async () => {
    const { Entries } = await publish(entry({ Time: new Date('2026-03-01T10:00:00Z'), Resources: ['r'] }));
    expect(await inQueue('work')).toEqual([
      {
        version: '0',
        id: Entries?.[0]?.EventId,
        'detail-type': 'EnrolmentChanged',
        source: 'portal',
        account: '000000000000',
        time: '2026-03-01T10:00:00Z',
        region: 'us-east-1',
        resources: ['r'],
        detail: { id: 1 },
      },
    ]);
    expect(await inQueue('dead')).toEqual([]);
  });
  test('that no rule matches is accepted and dropped', async () => {
    expect((await publish(entry({ Source: 'elsewhere' }))).FailedEntryCount).toBe(0);
    expect(await inQueue('work')).toEqual([]);
  });
  test('goes to the dead-letter queue of a target that cannot take it', async () => {
    expect((await publish(entry({ Source: 'lost' }))).FailedEntryCount).toBe(0);
    expect(await inQueue('lost')).toMatchObject([{ source: 'lost' }]);
    expect(problems).toEqual([expect.stringMatching(/did not reach target T of rule ToNowhere: there is no queue/)]);
  });
  test('is rejected when a target without a dead-letter queue cannot take it', async () => {
    const { FailedEntryCount, Entries } = await publish(entry({ Source: 'lost-for-good' }), entry());
    expect(FailedEntryCount).toBe(1);
    expect(Entries).toMatchObject([{ ErrorCode: 'InternalFailure' }, { EventId: expect.any(String) }]);
  });
  test('calls a function, and retries when it fails', async () => {
    failures = 2;
    await publish(entry({ Source: 'call' }));
    expect(invoked).toHaveLength(3);
    expect(invoked[0]).toMatchObject({ functionArn, event: { detail: { id: 1 } } });
    expect(await inQueue('lost')).toEqual([]);
  });
  test('goes to the dead-letter queue of a function that keeps failing', async () => {
    failures = 3;
    await publish(entry({ Source: 'call' }));
    expect(await inQueue('lost')).toMatchObject([{ source: 'call' }]);
  });
});

describe('PutEvents', () => {
  test('rejects single entries with the reason and accepts the others', async () => {
    const faulty = [
      entry({ Detail: '{' }),
      entry({ Detail: '[1]' }),
      entry({ Source: undefined }),
      entry({ EventBusName: 'nowhere' }),
      entry({ Source: 'aws.ec2' }),
    ];
    const { FailedEntryCount, Entries = [] } = await publish(...faulty, entry());
    expect(FailedEntryCount).toBe(5);
    expect(Entries.map(({ ErrorCode, ErrorMessage }) => [ErrorCode, ErrorMessage])).toEqual([
      ['MalformedDetail', 'Detail is malformed.'],
      ['MalformedDetail', 'Detail is malformed.'],
      ['InvalidArgument', 'Parameter Source is not valid. Reason: Source is a required argument.'],
      ['InvalidArgument', 'Event bus nowhere does not exist.'],
      ['NotAuthorizedForSourceException', 'Not authorized for the source.'],
      [undefined, undefined],
    ]);
    expect(await inQueue('work')).toHaveLength(1);
  });
  test('accepts ten entries but not eleven', async () => {
    expect((await publish(...Array.from({ length: 10 }, () => entry()))).FailedEntryCount).toBe(0);
    await expect(publish(...Array.from({ length: 11 }, () => entry()))).rejects.toMatchObject({ name: 'ValidationException' });
    expect(await inQueue('work')).toHaveLength(10);
  });
  test('rejects more than 256 KB in one call', async () => {
    const Detail = JSON.stringify({ text: 'x'.repeat(256 * 1024) });
    await expect(publish(entry({ Detail }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Total size of the entries in the request is over the limit.',
    });
  });
});
