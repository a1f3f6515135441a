/** Wiring: the authoriser of the relay socket (API Gateway, REQUEST, called at the handshake). */
import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { documentClient } from '#adapters/dynamodb/client';
import { relayStore } from '#adapters/dynamodb/relays/relays';
import { parseEnvironment } from '#domain/runtime/environment';
import { authorise } from './authorise.ts';

const environment = parseEnvironment('relay-authorise', process.env);
const logger = new Logger({ serviceName: 'relay-authorise' });
const admit = authorise({
  relays: relayStore(documentClient(), environment.CONTROL_TABLE),
  socketUrl: environment.SOCKET_URL,
  now: Date.now,
  log: (level, says, fields) => logger[level](says, fields),
});

export async function handler(event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> {
  const headers = Object.entries(event.headers ?? {});
  const authorization = headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  const admitted = await admit(authorization);
  return {
    principalId: admitted?.relayId ?? 'nobody',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: admitted ? 'Allow' : 'Deny', Resource: event.methodArn }],
    },
    ...(admitted ? { context: admitted } : {}),
  };
}
