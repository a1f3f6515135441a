/** A small model for these tests, and its services started on a temporary folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { FunctionResource, Model, Rule, Statement } from '#infra/emulator/model';
import { freePort } from '#infra/emulator/services/free-port';
import { type ServiceOptions, type Services, startServices } from '#infra/emulator/services/services';

export const account = '000000000000';
export const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:${account}:${rest}`;
export const tableArn = arn('dynamodb', 'table/Things');
export const keyArn = arn('kms', 'key/own');
export const queueArn = (name: string) => arn('sqs', name);
export const busArn = arn('events', 'event-bus/bus');

export function allow(actions: string[], resources: string[], conditions: Statement['conditions'] = {}): Statement {
  return { effect: 'Allow', actions, resources, conditions };
}

export function aFunction(name: string, policy: Statement[]): FunctionResource {
  return {
    id: name,
    name,
    arn: arn('lambda', `function:${name}`),
    codeDir: '/nowhere',
    handler: 'index.handler',
    environment: {},
    timeoutSeconds: 3,
    memoryMb: 128,
    reservedConcurrency: null,
    policy,
  };
}

/** One table with an index and a time to live, four queues, one bus. */
export function aModel(
  endpoint: string,
  { functions = [], rules = [] }: { functions?: FunctionResource[]; rules?: Rule[] } = {},
): Model {
  const queue = (name: string, attributes: Record<string, string> = {}) => ({
    id: name,
    name,
    arn: queueArn(name),
    url: `${endpoint}/${account}/${name}`,
    attributes,
  });
  return {
    tables: [
      {
        id: 'Things',
        name: 'Things',
        arn: tableArn,
        definition: {
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'colour', AttributeType: 'S' },
          ],
          BillingMode: 'PAY_PER_REQUEST',
          GlobalSecondaryIndexes: [
            {
              IndexName: 'byColour',
              KeySchema: [{ AttributeName: 'colour', KeyType: 'HASH' }],
              Projection: { ProjectionType: 'KEYS_ONLY' },
            },
          ],
        },
        ttlAttribute: 'expiresAt',
      },
    ],
    queues: [
      queue('work', {
        VisibilityTimeout: '3600',
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead'), maxReceiveCount: 2 }),
      }),
      queue('dead'),
      queue('lost'),
      queue('ordered.fifo', { FifoQueue: 'true' }),
    ],
    functions,
    mappings: [],
    streamMappings: [],
    buses: [{ id: 'Bus', name: 'bus', arn: busArn }],
    rules,
    schedules: [],
    httpApis: [],
    socketApis: [],
    secrets: [],
  };
}

export type Clients = { dynamodb: DynamoDBClient; sqs: SQSClient; events: EventBridgeClient; secrets: SecretsManagerClient };
export type TestStack = {
  services: Services;
  endpoint: string;
  dataDir: string;
  /** Clients as the SDK makes them, signing as `caller`; one try each, so that an error is visible unchanged. */
  as(caller: string): Clients;
  url(queue: string): string;
  stop(): Promise<void>;
};

export async function aFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'extender-services-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

type Parts = Parameters<typeof aModel>[1] & { change?: (model: Model) => Model };
export async function startStack(dataDir: string, parts: Parts = {}, options: Partial<ServiceOptions> = {}): Promise<TestStack> {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const { change = (model: Model) => model } = parts;
  const invoke = async () => null;
  const services = await startServices(change(aModel(endpoint, parts)), { dataDir, endpoint, invoke, ...options });
  const made: { destroy(): void }[] = [];
  return {
    services,
    endpoint,
    dataDir,
    as(caller) {
      const clients = clientsOf(endpoint, caller);
      made.push(...Object.values(clients));
      return clients;
    },
    url: (queue) => `${endpoint}/${account}/${queue}`,
    async stop() {
      for (const client of made) client.destroy();
      await services.stop();
    },
  };
}

export function clientsOf(endpoint: string, caller: string, maxAttempts = 1): Clients {
  const options = { endpoint, region: 'us-east-1', credentials: { accessKeyId: caller, secretAccessKey: 'any' }, maxAttempts };
  return {
    dynamodb: new DynamoDBClient(options),
    sqs: new SQSClient(options),
    events: new EventBridgeClient(options),
    secrets: new SecretsManagerClient(options),
  };
}

export async function bodiesIn({ sqs }: Clients, url: string, WaitTimeSeconds = 0): Promise<string[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds }),
  );
  return Messages.map(({ Body = '' }) => Body);
}
