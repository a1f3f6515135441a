/** A model with one table that has a stream, and the mapping that reads it. */
import { BatchWriteItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import type { StreamMappingOptions } from '#infra/emulator/lambda/stream-mapping';
import type { Model, Statement, StreamMapping } from '#infra/emulator/model';
import { aFunction, allow, aModel, arn, queueArn, tableArn } from '../services/stack.ts';

export const streamArn = `${tableArn}/stream/local`;
const everything: Statement[] = [
  allow(['dynamodb:ListStreams', 'dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords'], [streamArn]),
  allow(['sqs:SendMessage'], [queueArn('lost')]),
];

export const withStream =
  (policy: Statement[] = everything) =>
  (model: Model): Model => ({
    ...model,
    tables: model.tables.map((table) => ({
      ...table,
      streamArn,
      definition: { ...table.definition, StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } },
    })),
    functions: [aFunction('reader', policy)],
  });

export function streaming(given: Partial<StreamMapping> = {}): StreamMapping {
  return {
    id: 'Stream',
    functionArn: arn('lambda', 'function:reader'),
    streamArn,
    batchSize: 10,
    startsAt: 'TRIM_HORIZON',
    reportsItemFailures: true,
    bisects: true,
    retryAttempts: -1,
    maximumAgeSeconds: -1,
    filters: [{ eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: [{ prefix: 'line|' }] } } } }],
    failuresArn: queueArn('lost'),
    enabled: true,
    ...given,
  };
}

export function aReader(endpoint: string, dataDir: string): Omit<StreamMappingOptions, 'invoke'> {
  const model = withStream()(aModel(endpoint));
  return { model, endpoint, region: 'us-east-1', dataDir, onProblem: () => undefined, pollMs: 5 };
}

const event = z.object({
  Records: z.array(
    z.looseObject({
      eventSourceARN: z.literal(streamArn),
      dynamodb: z.looseObject({
        SequenceNumber: z.string(),
        ApproximateCreationDateTime: z.number(),
        NewImage: z.looseObject({ pk: z.object({ S: z.string() }) }),
      }),
    }),
  ),
});
export const recordsOf = (given: unknown) => event.parse(given).Records;
export const keysOf = (given: unknown) => recordsOf(given).map(({ dynamodb }) => dynamodb.NewImage.pk.S);

export const names = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line|${String(from + index).padStart(3, '0')}`);

/** Puts them one after the other, so that their order is defined. */
export async function putLines(dynamodb: DynamoDBClient, pks: readonly string[]): Promise<void> {
  for (const pk of pks) await dynamodb.send(new PutItemCommand({ TableName: 'Things', Item: { pk: { S: pk } } }));
}

export async function putOthers(dynamodb: DynamoDBClient, count: number): Promise<void> {
  const Things = Array.from({ length: count }, (_, index) => ({ PutRequest: { Item: { pk: { S: `other|${index}` } } } }));
  await dynamodb.send(new BatchWriteItemCommand({ RequestItems: { Things } }));
}
