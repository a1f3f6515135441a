/**
 * The floor of row 7: each hop that an enrolment must take to become an approval, bare and one after the other, on the services
 * of the same running stack: the bus, a queue behind it, a Query, a conditional write, another queue, the write to the server and
 * its reading back. No function is started, nothing is parsed or decided.
 */
import { DynamoDBClient, ListTablesCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Pool } from 'undici';
import type { Stack } from '#test/fixtures/stack';
import type { SimulatedRecord } from './simulator-control.ts';
import type { SimulatorProcess } from './simulator-process.ts';

const common = { region: 'us-east-1', credentials: { accessKeyId: 'any', secretAccessKey: 'any' } };
const hopNames = ['bus', 'queue', 'query', 'write', 'secondQueue', 'server'] as const;
export type Hops = Record<(typeof hopNames)[number], number>;
export const sumOf = (hops: Hops): number => hopNames.reduce((sum, name) => sum + hops[name], 0);

export type BareHops = Awaited<ReturnType<typeof bareHops>>;

export async function bareHops({ endpoints, busName }: Stack, simulator: SimulatorProcess) {
  const events = new EventBridgeClient({ ...common, endpoint: endpoints.events });
  const sqs = new SQSClient({ ...common, endpoint: endpoints.sqs });
  const dynamodb = new DynamoDBClient({ ...common, endpoint: endpoints.dynamodb });
  const server = new Pool(simulator.url, { connections: 1 });
  const { user, password } = simulator.credentials;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'bench-hop' }));
  const { TableNames = [] } = await dynamodb.send(new ListTablesCommand());
  const table = (name: string) => TableNames.find((each) => each.includes(name)) ?? name;
  let count = 0;

  const hops: { [H in keyof Hops]: (device: SimulatedRecord) => Promise<unknown> } = {
    // Of a kind that no rule forwards: what the queue behind it receives is counted separately.
    bus: () =>
      events.send(
        new PutEventsCommand({
          Entries: [{ EventBusName: busName, Source: 'bench', DetailType: 'Nothing', Detail: '{"enrolment":{}}' }],
        }),
      ),
    queue: throughQueue,
    query: ({ user: name }) =>
      dynamodb.send(
        new QueryCommand({
          TableName: table('Devices'),
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: `cloud|${name}` } },
          ConsistentRead: true,
        }),
      ),
    write: () =>
      dynamodb.send(
        new PutItemCommand({
          TableName: table('Control'),
          Item: { pk: { S: `bench|${++count}` }, sk: { S: 'hop' } },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    secondQueue: throughQueue,
    server: async ({ href }) => {
      const body = JSON.stringify({ approval_policy: 2 });
      await ask({ path: href, method: 'PUT', body });
      await ask({ path: href, method: 'GET' });
    },
  };

  async function throughQueue(): Promise<void> {
    const received = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"enrolment":{}}' }));
    const [message] = (await received).Messages ?? [];
    if (!message) throw new Error('The message did not come out of the queue');
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  }

  async function ask(request: { path: string; method: 'PUT' | 'GET'; body?: string }): Promise<void> {
    const headers = { authorization, 'content-type': 'application/json' };
    const { statusCode, body } = await server.request({ ...request, headers });
    JSON.parse(await body.text());
    if (statusCode !== 200) throw new Error(`The simulator answered ${statusCode}`);
  }

  return {
    /** Milliseconds of each hop. `device`: on the server, and not one that is measured otherwise. */
    async measure(device: SimulatedRecord): Promise<Hops> {
      const times: Hops = { bus: 0, queue: 0, query: 0, write: 0, secondQueue: 0, server: 0 };
      for (const name of hopNames) {
        const from = performance.now();
        await hops[name](device);
        times[name] = performance.now() - from;
      }
      return times;
    },
    async stop() {
      for (const client of [events, sqs, dynamodb]) client.destroy();
      await server.close();
    },
  };
}
