import { beforeAll, describe, expect, test } from 'vitest';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import { queueSpecs } from '#infra/cloud/function-specs';
import { everything, oneSource, type Resource, type Templates, templatesFor } from './templates.ts';

let templates: Templates;
beforeAll(async () => {
  templates = await templatesFor();
});

type Redrive = { deadLetterTargetArn: { 'Fn::GetAtt': [string, string] }; maxReceiveCount: number };
const queues = () => templates.ofType('AWS::SQS::Queue');
const alarmsOn = (queueId: string, metric: string) =>
  templates.ofType('AWS::CloudWatch::Alarm').filter(([, { Properties }]) => {
    const dimensions = (Properties.Dimensions ?? []) as { Value: { 'Fn::GetAtt': [string, string] } }[];
    return Properties.MetricName === metric && dimensions.some(({ Value }) => Value['Fn::GetAtt']?.[0] === queueId);
  });
/** Queues that are the dead-letter queues of something else. */
const deadLetterIds = () => {
  const types = ['AWS::Events::Rule', 'AWS::Scheduler::Schedule', 'AWS::Lambda::EventSourceMapping'];
  const targets = [...queues(), ...types.flatMap((type) => templates.ofType(type))];
  const named = JSON.stringify(targets.map(([, { Properties }]) => Properties));
  const isTarget = (id: string) =>
    ['"DeadLetterConfig":{"Arn"', '"deadLetterTargetArn"', '"OnFailure":{"Destination"'].some((key) =>
      named.includes(`${key}:{"Fn::GetAtt":["${id}"`),
    );
  return queues().flatMap(([id]) => (isTarget(id) ? [id] : []));
};
const workQueues = () => queues().filter(([id]) => !deadLetterIds().includes(id));

describe('no message is lost silently', () => {
  test('every work queue has its own dead-letter queue of the same kind', () => {
    expect(workQueues()).toHaveLength(Object.keys(queueSpecs).length);
    const targets = workQueues().map(([, { Properties }]) => {
      const { deadLetterTargetArn, maxReceiveCount } = Properties.RedrivePolicy as Redrive;
      const [id] = deadLetterTargetArn['Fn::GetAtt'];
      expect(maxReceiveCount).toBeGreaterThanOrEqual(3);
      expect(templates.service.Resources[id]?.Properties.FifoQueue).toBe(Properties.FifoQueue);
      return id;
    });
    expect(new Set(targets).size).toBe(targets.length);
  });

  test('every dead-letter queue keeps messages 14 days and alarms at the first', () => {
    const scheduled = templates.ofType('AWS::Scheduler::Schedule').length;
    expect(deadLetterIds().length).toBeGreaterThanOrEqual(workQueues().length + scheduled + 1);
    for (const id of deadLetterIds()) {
      expect(templates.service.Resources[id]?.Properties.MessageRetentionPeriod).toBe(14 * 24 * 3600);
      const alarms = alarmsOn(id, 'ApproximateNumberOfMessagesVisible');
      expect(alarms.map(([, { Properties }]) => Properties.Threshold)).toEqual([1]);
    }
  });

  test('every work queue alarms when its oldest message waits too long', () => {
    for (const [id] of workQueues()) expect(alarmsOn(id, 'ApproximateAgeOfOldestMessage')).toHaveLength(1);
  });

  test('every function alarms on its errors', () => {
    const alarms = templates.ofType('AWS::CloudWatch::Alarm').filter(([, { Properties }]) => Properties.MetricName === 'Errors');
    expect(alarms).toHaveLength(templates.ofType('AWS::Lambda::Function').length);
  });

  test('every alarm says what breaks, and notifies its subscribers', () => {
    for (const [, { Properties }] of templates.ofType('AWS::CloudWatch::Alarm')) {
      const sentences = String(Properties.AlarmDescription).split(/(?<=\.)\s/);
      expect(sentences.length, String(Properties.AlarmDescription)).toBeGreaterThanOrEqual(2);
      expect(templates.text((Properties.AlarmActions as unknown[])[0])).toBe('Alarms');
    }
  });
});

describe('queues and their workers fit together', () => {
  const all = () => templates.ofType('AWS::Lambda::EventSourceMapping');
  const mappings = () => all().filter(([, { Properties }]) => Properties.StartingPosition === undefined);
  const ofId = (value: unknown, key: 'Ref' | 'Fn::GetAtt'): Resource => {
    const id = [(value as Record<string, string | string[]>)[key]].flat()[0];
    const found = templates.service.Resources[String(id)];
    if (!found) throw new Error(`no resource ${id}`);
    return found;
  };

  test("a message is hidden for twice its worker's timeout", () => {
    expect(mappings().length).toBeGreaterThanOrEqual(workQueues().length);
    for (const [, { Properties }] of mappings()) {
      const worker = ofId(Properties.FunctionName, 'Ref').Properties;
      const queue = ofId(Properties.EventSourceArn, 'Fn::GetAtt').Properties;
      expect(Number(queue.VisibilityTimeout)).toBe(2 * Number(worker.Timeout));
    }
  });

  test('a worker reports the failed messages of a batch, and its concurrency is limited', () => {
    for (const [, { Properties }] of mappings()) {
      expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
      const { MaximumConcurrency } = Properties.ScalingConfig as { MaximumConcurrency: number };
      expect(MaximumConcurrency).toBeGreaterThanOrEqual(2);
    }
  });

  test('gathers and bulk parts come one message at a time; the others ten', () => {
    const sizes = mappings().map(([, { Properties }]) => [
      templates.text(Properties.EventSourceArn).replace('Queue.Arn', ''),
      Properties.BatchSize,
    ]);
    expect(Object.fromEntries(sizes)).toEqual({
      Gather: 1,
      Evaluations: 10,
      BulkEvaluations: 10,
      Actions: 10,
      BulkActions: 10,
      PortalEvents: 10,
      Bulks: 1,
      Enrolments: 1,
    });
  });

  test('only new journal lines go to publish; dropped ones are kept, with an alarm', () => {
    const streams = all().filter(([, { Properties }]) => Properties.StartingPosition !== undefined);
    expect(streams).toHaveLength(1);
    const properties = streams[0]?.[1].Properties ?? {};
    expect(properties).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MaximumRecordAgeInSeconds: 23 * 3600,
    });
    const [filter] = (properties.FilterCriteria as { Filters: { Pattern: string }[] }).Filters;
    expect(JSON.parse(filter?.Pattern ?? '')).toEqual({
      eventName: ['INSERT'],
      dynamodb: { Keys: { pk: { S: [{ prefix: 'device|' }, { prefix: 'source|' }] } } },
    });
    const { OnFailure } = properties.DestinationConfig as { OnFailure: { Destination: { 'Fn::GetAtt': [string] } } };
    expect(alarmsOn(OnFailure.Destination['Fn::GetAtt'][0], 'ApproximateNumberOfMessagesVisible')).toHaveLength(1);
    const late = templates
      .ofType('AWS::CloudWatch::Alarm')
      .filter(([, { Properties }]) => Properties.MetricName === 'IteratorAge');
    expect(late).toHaveLength(1);
  });

  test("only actions, bulks and snapshots are FIFO, deduplicated by their sender's id", () => {
    const fifo = workQueues().filter(([, { Properties }]) => Properties.FifoQueue);
    expect(fifo.map(([id]) => id.replace(/Queue.*/, 'Queue'))).toEqual([
      'ActionsQueue',
      'BulkActionsQueue',
      'EnrolmentsQueue',
      'BulksQueue',
    ]);
    for (const [, { Properties }] of fifo) expect(Properties.ContentBasedDeduplication).not.toBe(true);
  });

  test('every queue is encrypted and rejects connections without TLS', () => {
    expect(queues().filter(([, { Properties }]) => Properties.SqsManagedSseEnabled !== true)).toEqual([]);
    const guarded = templates
      .ofType('AWS::SQS::QueuePolicy')
      .filter(([, { Properties }]) => JSON.stringify(Properties).includes('"Effect":"Deny"'))
      .flatMap(([, { Properties }]) => (Properties.Queues as { Ref: string }[]).map(({ Ref }) => Ref));
    expect(guarded.sort()).toEqual(
      queues()
        .map(([id]) => id)
        .sort(),
    );
  });
});

describe('what starts the work', () => {
  test('the clock starts gathers and configured services at their configured intervals', async () => {
    const started = async (given: object) =>
      Object.fromEntries(
        (await templatesFor({ ...oneSource, ...given })).ofType('AWS::Scheduler::Schedule').map(([, { Properties }]) => {
          const [, name, interval] = /Traveler Extender: (\S+) each (.+)/.exec(String(Properties.Description)) ?? [];
          expect(Properties.ScheduleExpression).toBe(`rate(${interval})`);
          return [name, interval];
        }),
      );
    const { gatherEveryMinutes } = runtimeConfiguration.parse(oneSource);
    const always = await started({});
    expect(always).toMatchObject({ 'start-gathers': `${gatherEveryMinutes} minutes`, 'wake-by-time': '1 minute' });
    expect(await started({ ...everything, gatherEveryMinutes: 1 })).toEqual({
      ...always,
      'start-gathers': '1 minute',
      upload: '1 minute',
      notify: '1 minute',
      'import-enrolments': '15 minutes',
    });
  });

  test('only events whose source is the portal go to the portal-events queue', () => {
    const rule = templates.only('AWS::Events::Rule').Properties;
    expect(rule.EventPattern).toEqual({ source: ['portal'] });
    const [target] = rule.Targets as { Arn: unknown; InputTransformer?: unknown }[];
    expect(templates.text(target?.Arn)).toBe('PortalEventsQueue.Arn');
    expect(templates.text(rule.EventBusName)).toBe('Bus');
    expect(target).not.toHaveProperty('InputTransformer');
  });
});
