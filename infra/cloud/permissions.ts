/**
 * What each function may do, as data: the tables and indexes it touches with the calls it makes on them, the queues it sends
 * to, works off or looks at, and whether it may read the sources' credentials. Anything not listed is denied, in the cloud by
 * IAM and on the local stack by the same statements. DynamoDB has no permission of its own for transactions: a transaction
 * needs that of each operation in it.
 */
import { Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { indexes } from '#adapters/dynamodb/keys';
import type { TableName } from '#adapters/dynamodb/table-definitions';
import type { FunctionName } from '#domain/environment';
import type { Tables } from './tables.ts';

type IndexName = keyof typeof indexes;
type TableCall =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'Scan'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem'
  | 'ConditionCheckItem';
export type QueueName = 'gather' | 'evaluations' | 'actions' | 'portalEvents';

export type Needs = {
  tables: { [T in TableName]?: readonly TableCall[] };
  /** Indexes that are queried; each belongs to one table. */
  indexes: readonly IndexName[];
  sendsTo: readonly QueueName[];
  worksOff: QueueName | null;
  /** Queues whose depth it shows. */
  looksAt: readonly QueueName[];
  readsCredentials: boolean;
};

const indexTable: { [I in IndexName]: TableName } = {
  byDeviceId: 'devices',
  byName: 'devices',
  bySource: 'devices',
  moving: 'devices',
  byDevice: 'actions',
  open: 'actions',
};
const nothing: Needs = { tables: {}, indexes: [], sendsTo: [], worksOff: null, looksAt: [], readsCredentials: false };
const transact = ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'ConditionCheckItem'] as const;
const everyCall = [...transact, 'BatchGetItem', 'DeleteItem', 'BatchWriteItem'] as const;

export const needs: { [F in FunctionName]: Needs } = {
  'start-gathers': { ...nothing, tables: { control: transact }, sendsTo: ['gather'] },
  gather: {
    ...nothing,
    tables: { devices: everyCall, journal: ['PutItem', 'BatchWriteItem'], control: everyCall },
    indexes: ['bySource', 'moving'],
    sendsTo: ['gather', 'evaluations'],
    worksOff: 'gather',
    readsCredentials: true,
  },
  evaluate: {
    ...nothing,
    tables: {
      devices: [...transact, 'BatchGetItem', 'DeleteItem'],
      enrolments: ['GetItem', 'BatchGetItem', 'Query'],
      actions: [...transact, 'BatchGetItem'],
      journal: ['PutItem', 'BatchWriteItem'],
      control: transact,
    },
    indexes: ['byName', 'bySource', 'byDevice', 'open'],
    sendsTo: ['evaluations', 'actions'],
    worksOff: 'evaluations',
  },
  act: {
    ...nothing,
    tables: { devices: transact, actions: transact, journal: ['PutItem', 'BatchWriteItem'], control: transact },
    indexes: ['byDevice', 'open'],
    sendsTo: ['evaluations'],
    worksOff: 'actions',
    readsCredentials: true,
  },
  'portal-events': {
    ...nothing,
    tables: {
      devices: [...transact, 'BatchGetItem', 'DeleteItem'],
      enrolments: everyCall,
      actions: transact,
      journal: ['PutItem', 'BatchWriteItem'],
      control: [...transact, 'DeleteItem'],
    },
    indexes: ['byDeviceId', 'byName', 'byDevice'],
    sendsTo: ['gather', 'evaluations', 'actions'],
    worksOff: 'portalEvents',
  },
  api: {
    ...nothing,
    tables: {
      devices: [...transact, 'BatchGetItem', 'DeleteItem'],
      enrolments: [...everyCall, 'Scan'],
      actions: [...transact, 'BatchGetItem', 'Scan'],
      journal: ['Query', 'PutItem', 'BatchWriteItem'],
      control: [...transact, 'BatchGetItem', 'DeleteItem'],
    },
    indexes: ['byDeviceId', 'byName', 'bySource', 'moving', 'byDevice', 'open'],
    sendsTo: ['gather', 'evaluations', 'actions'],
    looksAt: ['gather', 'evaluations', 'actions'],
  },
  console: nothing,
};

export type Resources = { tables: Tables; queues: { [Q in QueueName]: Queue }; secretNames: readonly string[] };

/** The statements of one function's role. */
export function statementsOf(name: FunctionName, resources: Resources): PolicyStatement[] {
  const need = needs[name];
  return [
    ...tableStatements(need, resources.tables),
    ...queueStatements(need, resources.queues),
    ...(need.readsCredentials ? secretStatements(resources.tables.key, resources.secretNames) : []),
  ];
}

export function allow(actions: readonly string[], resources: readonly string[], conditions = {}): PolicyStatement {
  return new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources], conditions });
}

function tableStatements(need: Needs, tables: Tables): PolicyStatement[] {
  const named = Object.entries(need.tables) as [TableName, readonly TableCall[]][];
  if (named.length === 0) return [];
  const indexArns = need.indexes.map((index) => `${tables[indexTable[index]].tableArn}/index/${index}`);
  return [
    ...named.map(([table, calls]) =>
      allow(
        calls.map((call) => `dynamodb:${call}`),
        [tables[table].tableArn],
      ),
    ),
    ...(indexArns.length === 0 ? [] : [allow(['dynamodb:Query'], indexArns)]),
    keyStatement(tables),
  ];
}

/** DynamoDB opens a table's key in the caller's name: only through DynamoDB, never by the function itself. */
function keyStatement({ key }: Tables): PolicyStatement {
  const { region } = Stack.of(key);
  return allow(['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'], [key.keyArn], {
    StringEquals: { 'kms:ViaService': `dynamodb.${region}.amazonaws.com` },
  });
}

function queueStatements(need: Needs, queues: Resources['queues']): PolicyStatement[] {
  const arns = (names: readonly QueueName[]) => names.map((name) => queues[name].queueArn);
  return [
    ...(need.sendsTo.length === 0 ? [] : [allow(['sqs:SendMessage'], arns(need.sendsTo))]),
    ...(need.worksOff === null
      ? []
      : [
          allow(
            ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
            arns([need.worksOff]),
          ),
        ]),
    ...(need.looksAt.length === 0 ? [] : [allow(['sqs:GetQueueAttributes'], arns(need.looksAt))]),
  ];
}

/** Secrets Manager ends each secret's ARN with six characters of its own, known only to it. */
function secretStatements(near: IConstruct, secretNames: readonly string[]): PolicyStatement[] {
  if (secretNames.length === 0) return [];
  const { partition, region, account } = Stack.of(near);
  const arns = secretNames.map((name) => `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}-??????`);
  return [allow(['secretsmanager:GetSecretValue'], arns)];
}
