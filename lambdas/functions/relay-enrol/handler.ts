/** Wiring: POST /relay/enrolments and /relay/keys, on API Gateway's payload format 2.0. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { documentClient } from '#adapters/dynamodb/client';
import { relayStore } from '#adapters/dynamodb/relays/relays';
import { cloudIdentityOf } from '#adapters/relay-secret';
import { parseEnvironment } from '#domain/runtime/environment';
import { type Answer, changeKey, type EnrolDependencies, enrol } from './enrol.ts';

const environment = parseEnvironment('relay-enrol', process.env);
const logger = new Logger({ serviceName: 'relay-enrol' });
const identity = cloudIdentityOf(environment.RELAY_SECRET);
const dependencies: EnrolDependencies = {
  relays: relayStore(documentClient(), environment.CONTROL_TABLE),
  socketUrl: environment.SOCKET_URL,
  cloudUrl: environment.CONSOLE_URL,
  cloudKey: async () => (await identity()).publicKey,
  now: Date.now,
  log: (level, says, fields) => logger[level](says, fields),
};
const routes: Record<string, (event: APIGatewayProxyEventV2) => Promise<Answer>> = {
  '/relay/enrolments': (event) => enrol(dependencies)(event.headers.authorization, parse(event)),
  '/relay/keys': (event) => changeKey(dependencies)(parse(event)),
};
const nothingHere: Answer = { status: 404, body: { status: 404, detail: 'There is nothing at this address.', errors: [] } };

export async function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const { status, body } = await (routes[event.rawPath]?.(event) ?? nothingHere);
  const type = status < 300 ? 'application/json' : 'application/problem+json';
  return { statusCode: status, headers: { 'content-type': type, 'cache-control': 'no-store' }, body: JSON.stringify(body) };
}

function parse({ body, isBase64Encoded }: APIGatewayProxyEventV2): unknown {
  try {
    return JSON.parse(isBase64Encoded ? Buffer.from(body ?? '', 'base64').toString('utf8') : (body ?? ''));
  } catch {
    return null;
  }
}
