/** Wiring: the routes of the relay socket. API Gateway has authorised the connection; each event names the relay. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda';
import { z } from 'zod';
import { documentClient } from '#adapters/dynamodb/client';
import { runStore } from '#adapters/dynamodb/gather/runs';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { relayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import { relayRunStore } from '#adapters/dynamodb/relays/relay-runs';
import { relayStore } from '#adapters/dynamodb/relays/relays';
import { countIgnored } from '#adapters/metrics';
import { sqsQueue } from '#adapters/queues';
import { cloudIdentityOf } from '#adapters/relay-secret';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { sockets } from '#adapters/sockets';
import { parseEnvironment } from '#domain/runtime/environment';
import { connect, disconnect } from './connection.ts';
import type { Peer, RelaySocketDependencies } from './dependencies.ts';
import { receive } from './receive.ts';

const environment = parseEnvironment('relay-socket', process.env);
const logger = new Logger({ serviceName: 'relay-socket' });
const client = documentClient();
const identity = cloudIdentityOf(environment.RELAY_SECRET);
const socketUrl = environment.SOCKET_URL;
const dependencies: RelaySocketDependencies = {
  configuration: loadConfiguration(),
  relays: relayStore(client, environment.CONTROL_TABLE),
  leases: relayLeaseStore(client, environment.CONTROL_TABLE),
  relayRuns: relayRunStore(client, environment.CONTROL_TABLE),
  runs: runStore(client, environment.CONTROL_TABLE),
  sources: sourceStore(client, environment.CONTROL_TABLE),
  timeline: timelineStore(client, environment.JOURNAL_TABLE),
  gathers: sqsQueue(environment.GATHER_QUEUE_URL),
  actions: sqsQueue(environment.ACTIONS_QUEUE_URL),
  evaluations: sqsQueue(environment.EVALUATIONS_QUEUE_URL),
  ...sockets(environment.SOCKET_ENDPOINT),
  ignored: countIgnored,
  prove: async ({ relayId, challenge, at }) => (await identity()).proofFor({ relayId, socketUrl, challenge, now: at }),
  now: Date.now,
  random: Math.random,
  log: (level, says, fields) => logger[level](says, fields),
};

const authorised = z.object({ relayId: z.string().min(1), sourceId: z.string().min(1) });
type Event = Pick<APIGatewayProxyWebsocketEventV2, 'body'> & {
  requestContext: APIGatewayProxyWebsocketEventV2['requestContext'] & { authorizer?: unknown; disconnectReason?: string };
};

const routes: { [E in Event['requestContext']['eventType']]: (peer: Peer, event: Event) => Promise<number> } = {
  CONNECT: async (peer) => ((await connect(dependencies, peer)) ? 200 : 403),
  DISCONNECT: async (peer, { requestContext: { disconnectReason } }) => {
    await disconnect(dependencies, peer, disconnectReason || 'the connection was closed');
    return 200;
  },
  MESSAGE: async (peer, { body }) => {
    await receive(dependencies, peer, body ?? null);
    return 200;
  },
};

export async function handler(event: Event): Promise<APIGatewayProxyResultV2> {
  const { authorizer, connectionId, eventType } = event.requestContext;
  const peer = { ...authorised.parse(authorizer), connectionId };
  return { statusCode: await routes[eventType](peer, event) };
}
