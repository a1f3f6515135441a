/**
 * The event that a function gets for a request: payload format 2.0 as API Gateway's HTTP APIs send it.
 *
 * `rawPath` and `pathParameters` are *decoded* (in spite of the name), so `%2F` within a segment reaches the function as a
 * plain slash, and routes are matched on the decoded path. `rawQueryString` is passed as sent.
 */
import type { MatchedRoute } from './routes.ts';

export type ReceivedRequest = {
  method: string;
  /** Path and query as received. */
  target: string;
  headers: Headers;
  body: Buffer;
  sourceIp: string;
};
export type Claims = Record<string, string>;

/** The decoded path; null if its escapes are malformed. */
export function decodedPath(target: string): string | null {
  try {
    return decodeURIComponent(target.split('?', 1)[0] ?? '/');
  } catch {
    return null;
  }
}

const textual = /^(text\/.*|application\/(json|javascript|xml|graphql|problem\+json|.+\+json|.+\+xml))$/i;

/** Text stays text; anything else, and anything compressed, is base64-encoded. */
function bodyOf(headers: Headers, body: Buffer): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim() ?? 'text/plain';
  const isBase64Encoded = headers.has('content-encoding') || !textual.test(type);
  return { body: body.toString(isBase64Encoded ? 'base64' : 'utf8'), isBase64Encoded };
}

function queryOf(rawQueryString: string): Record<string, string> | undefined {
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString))
    query[name] = name in query ? `${query[name]},${value}` : value;
  return Object.keys(query).length > 0 ? query : undefined;
}

/** As in API Gateway's logs: 12/Mar/2020:19:03:58 +0000 */
export function gatewayTime(at: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+) GMT$/.exec(at.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

export function requestEvent(
  request: ReceivedRequest,
  { route, pathParameters }: MatchedRoute,
  { path, claims, requestId, apiId, now }: { path: string; claims: Claims | null; requestId: string; apiId: string; now: Date },
) {
  const { method, target, sourceIp } = request;
  const rawQueryString = target.includes('?') ? target.slice(target.indexOf('?') + 1) : '';
  const headers = Object.fromEntries(request.headers);
  const cookies = headers.cookie?.split(/;\s*/).filter(Boolean);
  delete headers.cookie;
  const host = headers.host ?? '';
  const query = queryOf(rawQueryString);
  return {
    version: '2.0',
    routeKey: route.routeKey,
    rawPath: path,
    rawQueryString,
    ...(cookies ? { cookies } : {}),
    headers: {
      ...headers,
      'x-forwarded-for': sourceIp,
      'x-forwarded-proto': 'http',
      'x-forwarded-port': host.split(':')[1] ?? '80',
    },
    ...(query ? { queryStringParameters: query } : {}),
    ...(Object.keys(pathParameters).length > 0 ? { pathParameters } : {}),
    requestContext: {
      accountId: '000000000000',
      apiId,
      ...(claims ? { authorizer: { jwt: { claims, scopes: null } } } : {}),
      domainName: host,
      domainPrefix: apiId,
      http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent: headers['user-agent'] ?? '' },
      requestId,
      routeKey: route.routeKey,
      stage: '$default',
      time: gatewayTime(now),
      timeEpoch: now.getTime(),
    },
    ...bodyOf(request.headers, request.body),
  };
}
