/** A request to upgrade to a WebSocket, as API Gateway reads it. */
import type { IncomingMessage } from 'node:http';
import { type Client, newId } from './events.ts';

/** False if API Gateway would not accept it as a request to upgrade. */
export function isHandshake({ method, headers }: IncomingMessage): boolean {
  const key = headers['sec-websocket-key'] ?? '';
  const version = headers['sec-websocket-version'];
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && /^[\w+/]{22}==$/.test(key) && version === '13';
}

/** A new client, before the authoriser's response. */
export function clientOf({ headers, socket }: IncomingMessage): Client {
  return {
    connectionId: newId(),
    connectedAt: Date.now(),
    sourceIp: socket.remoteAddress ?? '',
    userAgent: headers['user-agent'],
    domainName: headers.host ?? '',
    authorizer: null,
  };
}
