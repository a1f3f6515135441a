/** Streams of tables and their mappings, as the template describes them. */
import { expect, test } from 'vitest';
import { aFunction, aRole, aStack, code, complaintsOf, modelOf } from './documents.ts';

const table = (properties: object = {}) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
    ...properties,
  },
});
const streamed = table({ StreamSpecification: { StreamViewType: 'NEW_IMAGE' } });
const mapping = (properties: object = {}) => ({
  Type: 'AWS::Lambda::EventSourceMapping',
  Properties: {
    EventSourceArn: { 'Fn::GetAtt': ['Lines', 'StreamArn'] },
    FunctionName: { Ref: 'Worker' },
    StartingPosition: 'TRIM_HORIZON',
    ...properties,
  },
});
const stack = (Mapping: object) =>
  aStack(
    'Main',
    {
      Role: aRole(),
      Lines: streamed,
      Lost: { Type: 'AWS::SQS::Queue' },
      Worker: aFunction(),
      Mapping: Mapping as ReturnType<typeof mapping>,
    },
    { code },
  );

test('a stream mapping has its filters, limits and failure queue', () => {
  const pattern = { eventName: ['INSERT'] };
  const { tables, streamMappings, mappings, queues } = modelOf(
    stack(
      mapping({
        BatchSize: 100,
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 5,
        MaximumRecordAgeInSeconds: 3600,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        FilterCriteria: { Filters: [{ Pattern: JSON.stringify(pattern) }] },
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Lost', 'Arn'] } } },
      }),
    ),
  );
  expect(mappings).toEqual([]);
  expect(streamMappings).toMatchObject([
    {
      streamArn: tables[0]?.streamArn,
      batchSize: 100,
      startsAt: 'TRIM_HORIZON',
      bisects: true,
      reportsItemFailures: true,
      retryAttempts: 5,
      maximumAgeSeconds: 3600,
      filters: [pattern],
      failuresArn: queues[0]?.arn,
    },
  ]);
  expect(tables[0]?.definition.StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: 'NEW_IMAGE' });
});

test('properties that only fit the other kind of mapping are rejected by name', () => {
  expect(complaintsOf(stack(mapping({ ScalingConfig: { MaximumConcurrency: 5 } })))).toEqual([
    'Main Mapping AWS::Lambda::EventSourceMapping ScalingConfig: is understood of queues only',
  ]);
  const ofQueue = mapping({ EventSourceArn: { 'Fn::GetAtt': ['Lost', 'Arn'] } });
  expect(complaintsOf(stack(ofQueue))).toEqual([
    'Main Mapping AWS::Lambda::EventSourceMapping StartingPosition: is understood of streams only',
  ]);
});

test('unsupported parallel batches, filters or stream views stop the start', () => {
  expect(complaintsOf(stack(mapping({ ParallelizationFactor: 2 })))[0]).toContain('ParallelizationFactor');
  const filter = mapping({ FilterCriteria: { Filters: [{ Pattern: '{"eventName":[{"cidr":"10.0.0.0/8"}]}' }] } });
  expect(complaintsOf(stack(filter))[0]).toContain('FilterCriteria.eventName.0');
  expect(complaintsOf(stack(mapping({ FilterCriteria: { Filters: [{ Pattern: '{' }] } })))[0]).toContain('is no JSON');
  const other = table({ StreamSpecification: { StreamViewType: 'OLD_IMAGE' } });
  expect(complaintsOf(aStack('Main', { Lines: other }))[0]).toContain('StreamSpecification.StreamViewType');
});
