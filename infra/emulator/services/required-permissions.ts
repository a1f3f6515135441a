/** The permissions that a call needs, derived from the call itself, as IAM would require them in the cloud. */
import { z } from 'zod';
import type { Model } from '#infra/emulator/model';
import { account, region } from '../template/intrinsics.ts';
import type { Need } from './authorise.ts';

/** The call cannot be read, or the local stack does not know its permissions: rejected with AWS's error name. */
export class Unreadable extends Error {}

const tableCall = z.looseObject({ TableName: z.string(), IndexName: z.string().optional() });
const batchCall = z.looseObject({ RequestItems: z.record(z.string(), z.unknown()) });
const transaction = z.looseObject({ TransactItems: z.array(z.record(z.string(), z.looseObject({ TableName: z.string() }))) });
const streamCall = z.looseObject({
  TableName: z.string().optional(),
  StreamArn: z.string().optional(),
  ShardIterator: z.string().optional(),
});
const queueCall = z.looseObject({ QueueUrl: z.string().optional(), QueueName: z.string().optional() });
const putEvents = z.looseObject({ Entries: z.array(z.looseObject({ EventBusName: z.string().nullish() })) });

const transactionRights: Record<string, string> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
};
const tableCalls = new Set([
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'DescribeTable',
  'DescribeTimeToLive',
]);

const streamCalls = new Set(['ListStreams', 'DescribeStream', 'GetShardIterator', 'GetRecords']);

export function dynamodbNeeds(operation: string, body: unknown, { tables }: Model): Need[] {
  if (streamCalls.has(operation)) return streamNeeds(operation, body, tables);
  return rights(operation, body).flatMap(({ action, table, index }) => {
    const arn = table.startsWith('arn:') ? table : `arn:aws:dynamodb:${region}:${account}:table/${table}`;
    const keyArn = tables.find((one) => one.arn === arn)?.keyArn;
    const data = !action.startsWith('Describe');
    return [
      { action: `dynamodb:${action}`, resource: index === undefined ? arn : `${arn}/index/${index}` },
      ...(keyArn && data ? [keyNeed('Decrypt', keyArn, 'dynamodb')] : []),
    ];
  });
}

/** The server has its own names for streams: the table name within them identifies the table of the template. */
function streamNeeds(operation: string, body: unknown, tables: Model['tables']): Need[] {
  const { TableName, StreamArn = '', ShardIterator = '' } = read(streamCall, body);
  const identifier = `${StreamArn} ${ShardIterator} ${Buffer.from(ShardIterator, 'base64').toString('utf8')}`;
  const isTable = (name: string) =>
    TableName === name || identifier.includes(`table/${name}/`) || identifier.includes(`"${name}"`);
  const table = tables.find(({ name, streamArn }) => streamArn !== undefined && isTable(name));
  if (!table?.streamArn) throw new Unreadable(`dynamodb:${operation} is of no stream that the template has`);
  return [
    { action: `dynamodb:${operation}`, resource: table.streamArn },
    ...(table.keyArn && operation === 'GetRecords' ? [keyNeed('Decrypt', table.keyArn, 'dynamodb')] : []),
  ];
}

type Right = { action: string; table: string; index?: string | undefined };

function rights(operation: string, body: unknown): Right[] {
  if (tableCalls.has(operation)) {
    const { TableName, IndexName } = read(tableCall, body);
    return [{ action: operation, table: TableName, index: IndexName }];
  }
  if (operation === 'BatchGetItem' || operation === 'BatchWriteItem')
    return Object.keys(read(batchCall, body).RequestItems).map((table) => ({ action: operation, table }));
  if (operation === 'TransactWriteItems' || operation === 'TransactGetItems')
    return read(transaction, body).TransactItems.flatMap((item) =>
      Object.entries(item).map(([kind, { TableName }]) => ({ action: transactionRights[kind] ?? kind, table: TableName })),
    );
  throw new Unreadable(`the local stack does not know what dynamodb:${operation} needs, so no function may call it`);
}

/** A batch needs the permission of the single call, as on AWS. */
export function sqsNeeds(operation: string, body: unknown, { queues }: Model): Need[] {
  const { QueueUrl, QueueName } = read(queueCall, body);
  const name = QueueName ?? QueueUrl?.split('/').at(-1);
  if (name === undefined) return [{ action: `sqs:${operation}`, resource: '*' }];
  const arn = `arn:aws:sqs:${region}:${account}:${name}`;
  const action = operation.replace(/Batch$/, '');
  const keyArn = queues.find((queue) => queue.arn === arn)?.keyArn;
  const keyRights = { SendMessage: ['GenerateDataKey', 'Decrypt'], ReceiveMessage: ['Decrypt'] }[action] ?? [];
  return [{ action: `sqs:${action}`, resource: arn }, ...(keyArn ? keyRights.map((right) => keyNeed(right, keyArn, 'sqs')) : [])];
}

export function eventsNeeds(operation: string, body: unknown): Need[] {
  if (operation !== 'PutEvents') return [{ action: `events:${operation}`, resource: '*' }];
  const names = read(putEvents, body).Entries.map(({ EventBusName }) => EventBusName ?? 'default');
  return [...new Set(names)].map((name) => ({
    action: 'events:PutEvents',
    resource: name.startsWith('arn:') ? name : `arn:aws:events:${region}:${account}:event-bus/${name}`,
  }));
}

export function keyNeed(right: string, keyArn: string, service: string): Need {
  return { action: `kms:${right}`, resource: keyArn, context: { 'kms:ViaService': `${service}.${region}.amazonaws.com` } };
}

function read<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Unreadable(z.prettifyError(parsed.error));
  return parsed.data;
}
