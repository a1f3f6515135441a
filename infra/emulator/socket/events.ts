/** The events that functions get from a WebSocket API, in API Gateway's format. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { SocketApi } from '#infra/emulator/model';
import { gatewayTime } from '../http-api/request-event.ts';
import { account, region } from '../template/intrinsics.ts';

/** What is known about a connection after its handshake. */
export type Client = {
  connectionId: string;
  /** Epoch ms. */
  connectedAt: number;
  sourceIp: string;
  userAgent: string | undefined;
  domainName: string;
  /** From the authoriser's response: `principalId` and its context, as strings. */
  authorizer: Record<string, string> | null;
};
type Kind = 'CONNECT' | 'MESSAGE' | 'DISCONNECT';

/** In API Gateway's format: 16 characters, the last an equals sign. */
export const newId = () => `${randomBytes(11).toString('base64url')}=`;

export function connectArn({ id, stage }: SocketApi): string {
  return `arn:aws:execute-api:${region}:${account}:${id}/${stage}/$connect`;
}

export function authorizerEvent(api: SocketApi, client: Client, request: IncomingMessage) {
  return {
    type: 'REQUEST',
    methodArn: connectArn(api),
    ...handshake(request),
    stageVariables: {},
    requestContext: context(api, client, { routeKey: '$connect', eventType: 'CONNECT' }),
  };
}

export function connectEvent(api: SocketApi, client: Client, request: IncomingMessage) {
  return {
    ...handshake(request),
    requestContext: context(api, client, { routeKey: '$connect', eventType: 'CONNECT' }),
    isBase64Encoded: false,
  };
}

/** `requestId` is also in the response to a client whose message failed. */
export function messageEvent(
  api: SocketApi,
  client: Client,
  { routeKey, body, requestId }: { routeKey: string; body: string; requestId: string },
) {
  const own = context(api, client, { routeKey, eventType: 'MESSAGE' });
  return {
    requestContext: { ...own, requestId, extendedRequestId: requestId, messageId: newId() },
    body,
    isBase64Encoded: false,
  };
}

export function disconnectEvent(api: SocketApi, client: Client, { code, reason }: { code: number; reason: string }) {
  const headers = { Host: client.domainName, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' };
  return {
    headers,
    multiValueHeaders: listed(headers),
    requestContext: {
      ...context(api, client, { routeKey: '$disconnect', eventType: 'DISCONNECT' }),
      disconnectStatusCode: code,
      disconnectReason: reason,
    },
    isBase64Encoded: false,
  };
}

function context(api: SocketApi, client: Client, { routeKey, eventType }: { routeKey: string; eventType: Kind }) {
  const now = new Date();
  const requestId = newId();
  const { connectionId, connectedAt, domainName, sourceIp, userAgent, authorizer } = client;
  return {
    routeKey,
    ...(authorizer ? { authorizer } : {}),
    eventType,
    extendedRequestId: requestId,
    requestTime: gatewayTime(now),
    messageDirection: 'IN',
    stage: api.stage,
    connectedAt,
    requestTimeEpoch: now.getTime(),
    identity: { sourceIp, ...(userAgent === undefined ? {} : { userAgent }) },
    requestId,
    domainName,
    connectionId,
    apiId: api.id,
  };
}

/** Header names keep their case, as with API Gateway; of several the last counts, and all are in the lists. */
function handshake({ rawHeaders, url = '', headers, socket }: IncomingMessage) {
  const sent = rawHeaders.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? '']] : []));
  const multiValueHeaders = {
    ...grouped(sent),
    'X-Forwarded-For': [socket.remoteAddress ?? ''],
    'X-Forwarded-Port': [headers.host?.split(':')[1] ?? '80'],
    'X-Forwarded-Proto': ['http'],
  };
  const query = grouped([...new URL(url, 'http://localhost').searchParams]);
  const hasQuery = Object.keys(query).length > 0;
  return {
    headers: last(multiValueHeaders),
    multiValueHeaders,
    ...(hasQuery ? { queryStringParameters: last(query), multiValueQueryStringParameters: query } : {}),
  };
}

function grouped(pairs: [string, string][]): Record<string, string[]> {
  const byName = Map.groupBy(pairs, ([name]) => name);
  return Object.fromEntries([...byName].map(([name, found]) => [name, found.map(([, value]) => value)]));
}

function last(lists: Record<string, string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.at(-1) ?? '']));
}

function listed(values: Record<string, string>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
}
