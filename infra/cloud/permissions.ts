/**
 * What each function may do, as data: the tables and indexes it uses with the calls it makes on them, the queues it sends to,
 * consumes or reads the depth of, and whether it may read the sources' credentials. Anything not listed is denied, in the
 * cloud by IAM and on the local stack by the same statements. DynamoDB has no separate permission for transactions: a
 * transaction needs the permission of each operation in it.
 */
import { Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { indexes } from '#adapters/dynamodb/keys';
import type { TableName } from '#adapters/dynamodb/table-definitions';
import type { FunctionName } from '#domain/runtime/environment';
import type { ConnectionCall } from './socket-api.ts';
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
/** Each with a bulk queue beside it (docs/decisions/0032-lanes.md). */
type Lanes = 'evaluations' | 'bulkEvaluations' | 'actions' | 'bulkActions';
export type QueueName = 'gather' | Lanes | 'portalEvents' | 'bulks' | 'enrolments';

/** Services with their own secret. */
export type OutsideService = 'portal' | 'maas360';

export type Needs = {
  tables: { [T in TableName]?: readonly TableCall[] };
  /** Indexes that are queried; each belongs to one table. */
  indexes: readonly IndexName[];
  sendsTo: readonly QueueName[];
  worksOff: readonly QueueName[];
  /** Queues whose depth it shows. */
  looksAt: readonly QueueName[];
  readsCredentials: boolean;
  /** Whether it may see which version of a source's secret is current, but not its value. */
  looksAtCredentials?: boolean;
  /** Whether it reads the journal's stream and puts events on the bus. */
  publishes?: boolean;
  /** Whether it may send mail from the configured address. */
  sendsMail?: boolean;
  /** The service whose secret it may read, besides those of the sources. */
  readsSecretOf?: OutsideService;
  /** The calls that it makes on relays' connections. */
  connections?: readonly ConnectionCall[];
  /** Whether it proves its identity to relays. */
  readsRelaySecret?: boolean;
  /** Whether it shows, redrives and deletes messages of dead-letter queues. */
  handlesDeadLetters: boolean;
};

const indexTable: { [I in IndexName]: TableName } = {
  byDeviceId: 'devices',
  byName: 'devices',
  bySource: 'devices',
  moving: 'devices',
  byVerdict: 'devices',
  byDevice: 'actions',
  open: 'actions',
};
const nothing: Needs = {
  tables: {},
  indexes: [],
  sendsTo: [],
  worksOff: [],
  looksAt: [],
  readsCredentials: false,
  handlesDeadLetters: false,
};

const evaluations = ['evaluations', 'bulkEvaluations'] as const;
const actions = ['actions', 'bulkActions'] as const;

/** Every function that reads settings stores the configuration's as their first version if there are none, in a transaction. */
const readsSettings = ['GetItem', 'PutItem', 'ConditionCheckItem'] as const;

/** Requests from outside, by event or over the API (use-cases/portal-use-cases.ts). */
const takesRequests: Needs = {
  ...nothing,
  tables: {
    devices: ['GetItem', 'Query', 'PutItem', 'UpdateItem'],
    enrolments: ['GetItem', 'Query', 'Scan', 'PutItem', 'UpdateItem', 'DeleteItem'],
    actions: ['GetItem', 'PutItem', 'ConditionCheckItem'],
    journal: ['PutItem'],
    control: [...readsSettings, 'Query', 'UpdateItem', 'BatchWriteItem'],
  },
  indexes: ['byDeviceId', 'byName'],
  sendsTo: ['gather', ...evaluations, ...actions],
};

export const needs: { [F in FunctionName]: Needs } = {
  'start-gathers': { ...nothing, tables: { journal: ['PutItem'], control: [...readsSettings, 'Query'] }, sendsTo: ['gather'] },
  gather: {
    ...nothing,
    tables: {
      devices: ['BatchGetItem', 'PutItem', 'UpdateItem'],
      journal: ['PutItem'],
      control: [...readsSettings, 'Query', 'UpdateItem', 'BatchWriteItem'],
    },
    indexes: ['bySource', 'moving'],
    sendsTo: ['gather', ...evaluations],
    worksOff: ['gather'],
    readsCredentials: true,
    connections: ['POST'],
  },
  evaluate: {
    ...nothing,
    tables: {
      // The guard scans the whole fleet before every user is evaluated again.
      devices: ['Query', 'Scan', 'UpdateItem'],
      enrolments: ['Query', 'Scan'],
      actions: ['GetItem', 'BatchGetItem', 'PutItem'],
      journal: ['PutItem'],
      // A guard that stops many devices keeps its list in items of their own.
      control: [...readsSettings, 'Query', 'UpdateItem', 'BatchWriteItem'],
    },
    indexes: ['byName', 'bySource', 'byDevice', 'open'],
    sendsTo: [...evaluations, ...actions],
    worksOff: evaluations,
  },
  act: {
    ...nothing,
    tables: {
      devices: ['GetItem', 'BatchGetItem', 'UpdateItem'],
      actions: ['GetItem', 'BatchGetItem', 'PutItem'],
      journal: ['PutItem'],
      control: ['GetItem', 'PutItem', 'UpdateItem'],
    },
    indexes: ['byDevice'],
    sendsTo: evaluations,
    worksOff: actions,
    readsCredentials: true,
    connections: ['POST'],
  },
  'portal-events': {
    ...takesRequests,
    tables: {
      ...takesRequests.tables,
      // The guard scans the whole fleet before settings, or a feed that had stopped, take effect.
      devices: ['GetItem', 'Query', 'Scan', 'PutItem', 'UpdateItem'],
      actions: ['GetItem', 'BatchGetItem', 'PutItem', 'ConditionCheckItem'],
    },
    sendsTo: [...takesRequests.sendsTo, 'enrolments'],
    worksOff: ['portalEvents'],
  },
  'take-enrolments': {
    ...nothing,
    tables: {
      devices: ['Query', 'Scan'],
      enrolments: ['GetItem', 'Scan', 'PutItem', 'DeleteItem'],
      actions: ['GetItem', 'BatchGetItem'],
      journal: ['PutItem'],
      control: [...readsSettings, 'Query', 'UpdateItem', 'BatchWriteItem'],
    },
    indexes: ['byName'],
    sendsTo: ['evaluations'],
    worksOff: ['enrolments'],
  },
  api: {
    ...takesRequests,
    tables: {
      ...takesRequests.tables,
      devices: ['GetItem', 'BatchGetItem', 'Query', 'Scan', 'PutItem', 'UpdateItem'],
      actions: ['GetItem', 'BatchGetItem', 'Scan', 'PutItem', 'ConditionCheckItem'],
      journal: ['GetItem', 'BatchGetItem', 'Query', 'PutItem'],
      control: [...readsSettings, 'Query', 'UpdateItem', 'BatchGetItem', 'BatchWriteItem'],
    },
    indexes: ['byDeviceId', 'byName', 'bySource', 'byVerdict', 'byDevice'],
    sendsTo: [...takesRequests.sendsTo, 'bulks', 'portalEvents', 'enrolments'],
    looksAt: ['gather', ...evaluations, ...actions],
    connections: ['DELETE'],
    handlesDeadLetters: true,
  },
  bulk: {
    ...takesRequests,
    worksOff: ['bulks'],
  },
  'wake-by-time': {
    ...nothing,
    tables: { devices: ['UpdateItem'], journal: ['PutItem'], control: ['GetItem', 'PutItem', 'UpdateItem'] },
    indexes: ['moving'],
    sendsTo: ['evaluations', 'gather'],
    looksAtCredentials: true,
  },
  publish: {
    ...nothing,
    tables: { journal: ['GetItem', 'BatchGetItem', 'PutItem'] },
    publishes: true,
  },
  reap: {
    ...nothing,
    tables: {
      devices: ['GetItem', 'UpdateItem'],
      actions: ['GetItem', 'BatchGetItem', 'PutItem'],
      journal: ['PutItem'],
      control: ['GetItem', 'Query', 'UpdateItem'],
    },
    indexes: ['byDevice', 'open'],
    sendsTo: [...evaluations, ...actions],
  },
  console: nothing,
  'sign-in': nothing,
  upload: {
    ...nothing,
    tables: {
      devices: ['GetItem', 'BatchGetItem'],
      journal: ['GetItem', 'Query'],
      control: ['GetItem', 'PutItem', 'UpdateItem'],
    },
    indexes: ['bySource'],
    readsSecretOf: 'portal',
  },
  notify: {
    ...nothing,
    tables: {
      devices: ['GetItem'],
      journal: ['GetItem', 'Query', 'PutItem'],
      control: [...readsSettings, 'UpdateItem'],
    },
    sendsMail: true,
  },
  'import-enrolments': {
    ...nothing,
    tables: {
      devices: ['Query', 'Scan'],
      enrolments: ['GetItem', 'Query', 'Scan', 'PutItem', 'UpdateItem', 'DeleteItem'],
      actions: ['GetItem', 'BatchGetItem'],
      journal: ['PutItem'],
      control: [...readsSettings, 'Query', 'UpdateItem', 'BatchWriteItem'],
    },
    indexes: ['byDeviceId', 'byName'],
    sendsTo: ['evaluations'],
    readsSecretOf: 'maas360',
  },
  'relay-authorise': { ...nothing, tables: { control: ['GetItem', 'PutItem'] } },
  'relay-enrol': { ...nothing, tables: { control: ['GetItem', 'PutItem', 'UpdateItem'] }, readsRelaySecret: true },
  'relay-socket': {
    ...nothing,
    tables: { control: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'], journal: ['PutItem'] },
    sendsTo: ['gather', 'evaluations', 'actions'],
    connections: ['POST', 'DELETE'],
    readsRelaySecret: true,
  },
};

export type Resources = {
  tables: Tables;
  queues: { [Q in QueueName]: Queue };
  deadLetters: readonly Queue[];
  bus: EventBus;
  /** Gets the records that the journal's stream dropped. */
  unpublished: Queue;
  secretNames: readonly string[];
  secretsOf: { [S in OutsideService]?: string };
  /** The sender address of mail; null if there is none. */
  mailFrom: string | null;
  /** The permission for these calls on relays' connections. */
  manageConnections: (calls: readonly ConnectionCall[]) => PolicyStatement;
  relaySecret: Secret;
};

/** The statements of one function's role. */
export function statementsOf(name: FunctionName, resources: Resources): PolicyStatement[] {
  const need = needs[name];
  return [
    ...tableStatements(need, resources.tables),
    ...queueStatements(need, resources.queues),
    ...(need.publishes ? outboxStatements(resources) : []),
    ...(need.handlesDeadLetters ? [handling(resources.deadLetters.map(({ queueArn }) => queueArn))] : []),
    ...(need.readsCredentials ? secretStatements(resources.tables.key, resources.secretNames) : []),
    ...(need.looksAtCredentials ? secretStatements(resources.tables.key, resources.secretNames, 'DescribeSecret') : []),
    ...secretStatements(resources.tables.key, outsideSecrets(need, resources)),
    ...(need.connections ? [resources.manageConnections(need.connections)] : []),
    ...(need.readsRelaySecret ? [allow(['secretsmanager:GetSecretValue'], [resources.relaySecret.secretArn])] : []),
    ...(need.sendsMail && resources.mailFrom !== null ? [mailStatement(resources.tables.key, resources.mailFrom)] : []),
  ];
}

/** SES may have the address or only its domain as an identity: allows both, restricted to this sender address. */
function mailStatement(near: IConstruct, from: string): PolicyStatement {
  const { partition, region, account } = Stack.of(near);
  const identities = [from, from.slice(from.lastIndexOf('@') + 1)];
  return allow(
    ['ses:SendEmail'],
    identities.map((identity) => `arn:${partition}:ses:${region}:${account}:identity/${identity}`),
    { StringEquals: { 'ses:FromAddress': from } },
  );
}

function outsideSecrets({ readsSecretOf }: Needs, { secretsOf }: Resources): string[] {
  const name = readsSecretOf && secretsOf[readsSecretOf];
  return name === undefined ? [] : [name];
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

/** DynamoDB uses a table's key on the caller's behalf: allowed only through DynamoDB, never by the function directly. */
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
    ...(need.worksOff.length === 0 ? [] : [handling(arns(need.worksOff))]),
    ...(need.looksAt.length === 0 ? [] : [allow(['sqs:GetQueueAttributes'], arns(need.looksAt))]),
  ];
}

/** A message is received to be shown, and then returned, redriven to its own queue, or deleted. */
const handling = (arns: readonly string[]) =>
  allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'], arns);

/** Lambda reads a stream under the function's role, and reports dropped records under it too. */
function outboxStatements({ tables, bus, unpublished }: Resources): PolicyStatement[] {
  const stream = tables.journal.tableStreamArn ?? '';
  return [
    allow(['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'], [stream]),
    allow(['events:PutEvents'], [bus.eventBusArn]),
    allow(['sqs:SendMessage'], [unpublished.queueArn]),
  ];
}

/** Secrets Manager appends six random characters to each secret's ARN. */
function secretStatements(
  near: IConstruct,
  secretNames: readonly string[],
  call: 'GetSecretValue' | 'DescribeSecret' = 'GetSecretValue',
): PolicyStatement[] {
  if (secretNames.length === 0) return [];
  const { partition, region, account } = Stack.of(near);
  const arns = secretNames.map((name) => `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}-??????`);
  return [allow([`secretsmanager:${call}`], arns)];
}
