/**
 * API Gateway's WebSocket API on 127.0.0.1: handshakes that the authoriser and `$connect` decide, messages that each call the
 * function of their route, several at once and in no order, and `$disconnect` when a connection has ended.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Invoke, SocketApi } from '#infra/emulator/model';
import { tooLate, withinTime } from '../http-api/time-limit.ts';
import { authorise } from './authorise.ts';
import { type Closing, type Connection, openConnection } from './connection.ts';
import type { Connections } from './connections.ts';
import { type Client, connectEvent, disconnectEvent, messageEvent, newId } from './events.ts';
import type { SocketLimits } from './limits.ts';
import { type Refused, refuse } from './refused.ts';

export type SocketApiOptions = {
  invoke: Invoke;
  connections: Connections;
  limits: SocketLimits;
  /** ms that a function has for its answer. */
  timeLimitMs?: number;
};
export type RunningSocketApi = {
  /** Takes over a request to upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every connection (1001) and calls `$disconnect` for each, as far as that takes no longer than a moment. */
  stop(): Promise<void>;
};

/** ms that a client has to answer a close, and that the ends of all connections have at a stop. */
const closingMs = 1000;
const stoppingMs = 1500;
const connectAnswer = z.object({ statusCode: z.coerce.number().int().min(200).max(599) });

export function startSocketApi(api: SocketApi, options: SocketApiOptions): RunningSocketApi {
  const { invoke, connections, limits, timeLimitMs = 29_000 } = options;
  const { messageBytes } = limits;
  // API Gateway agrees to no compression and no subprotocol. (The types do not know `closeTimeout` yet.)
  const refused = { perMessageDeflate: false, handleProtocols: () => false as const };
  const closing = { closeTimeout: closingMs };
  const server = new WebSocketServer({ noServer: true, clientTracking: false, ...refused, ...closing, maxPayload: messageBytes });
  const functions = new Map(api.routes.map(({ routeKey, functionArn }) => [routeKey, functionArn]));
  const sockets = new Set<Duplex>();
  /** Handshakes, connections and farewells that have not come to their end. */
  const open = new Set<Promise<unknown>>();
  let stopping = false;

  function track(work: Promise<unknown>): void {
    const settled = work.catch(() => undefined).finally(() => open.delete(settled));
    open.add(settled);
  }
  const ask = (functionArn: string, event: unknown) => withinTime(invoke(functionArn, event), timeLimitMs);
  const call = (routeKey: string, event: unknown) => ask(functions.get(routeKey) ?? '', event);

  async function admit(request: IncomingMessage, client: Client): Promise<Client | Refused> {
    if (stopping) return { refused: 503, message: 'Service Unavailable' };
    const url = URL.parse(request.url ?? '', 'http://localhost');
    if (!url || !isHandshake(request)) return { refused: 400, message: 'Bad Request' };
    if (url.pathname.replace(/\/$/, '') !== `/${api.stage}`) return { refused: 403, message: 'Forbidden' };
    const authorised = await authorise(api, client, { request, ask });
    if ('refused' in authorised) return authorised;
    const admitted = { ...client, authorizer: authorised.authorizer };
    const answered = connectAnswer.safeParse(await call('$connect', connectEvent(api, admitted, request)).catch(() => null));
    if (!answered.success) return { refused: 502, message: 'Internal server error' };
    const { statusCode } = answered.data;
    return statusCode < 300 ? admitted : { refused: statusCode, message: 'The connection was refused' };
  }

  async function shake(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const admitted = await admit(request, clientOf(request));
    if ('refused' in admitted) return refuse(socket, admitted);
    if (!socket.readable || !socket.writable || stopping) {
      // `$connect` knows of it: `$disconnect` must, too.
      socket.destroy();
      return farewell(admitted, { code: 1006, reason: 'Connection Closed Abnormally' });
    }
    server.handleUpgrade(request, socket, head, (webSocket) => begin(admitted, webSocket, socket));
  }

  function begin(client: Client, webSocket: WebSocket, socket: Duplex): void {
    const ended = Promise.withResolvers<void>();
    track(ended.promise);
    const connection: Connection = openConnection(
      client,
      { webSocket, socket, limits },
      {
        message: (text) => void handle(connection, text),
        closed(closing) {
          connections.remove(connection);
          farewell(client, closing);
          ended.resolve();
        },
      },
    );
    connections.add(connection);
  }

  async function handle(connection: Connection, body: string): Promise<void> {
    const { client } = connection;
    const requestId = newId();
    const routeKey = routeOf(body, functions);
    const problem =
      routeKey === null ? 'Forbidden' : await failure(routeKey, messageEvent(api, client, { routeKey, body, requestId }));
    if (problem === null || !connection.open()) return;
    const answer = { message: problem, connectionId: client.connectionId, requestId };
    await connection.send(Buffer.from(JSON.stringify(answer))).catch(() => undefined);
  }

  /** What the client is told of a message that came to nothing; what went wrong in the function is in its log alone. */
  async function failure(routeKey: string, event: unknown): Promise<string | null> {
    try {
      return (await call(routeKey, event)) === tooLate ? 'Endpoint request timed out' : null;
    } catch {
      return 'Internal server error';
    }
  }

  /** Best effort: told once, whether or not anyone hears it. */
  function farewell(client: Client, closing: Closing): void {
    if (!functions.has('$disconnect')) return;
    track(call('$disconnect', disconnectEvent(api, client, closing)));
  }

  return {
    upgrade(request, socket, head) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      track(shake(request, socket, head).catch(() => refuse(socket, { refused: 500, message: 'Internal server error' })));
    },
    async stop() {
      stopping = true;
      connections.closeAll({ code: 1001, reason: 'Going away' });
      await withinTime(emptied(open), stoppingMs);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** An end may bring about another: a connection's, its farewell. */
async function emptied(work: ReadonlySet<Promise<unknown>>): Promise<void> {
  while (work.size > 0) await Promise.all(work);
}

/** What API Gateway would not even take for a request to upgrade. */
function isHandshake({ method, headers }: IncomingMessage): boolean {
  const key = headers['sec-websocket-key'] ?? '';
  const version = headers['sec-websocket-version'];
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && /^[\w+/]{22}==$/.test(key) && version === '13';
}

function clientOf({ headers, socket }: IncomingMessage): Client {
  return {
    connectionId: newId(),
    connectedAt: Date.now(),
    sourceIp: socket.remoteAddress ?? '',
    userAgent: headers['user-agent'],
    domainName: headers.host ?? '',
    authorizer: null,
  };
}

const withAction = z.object({ action: z.string() });

/** By `$request.body.action`; null where neither that route nor `$default` is there. */
function routeOf(body: string, functions: ReadonlyMap<string, string>): string | null {
  const action = actionOf(body);
  if (action !== null && !action.startsWith('$') && functions.has(action)) return action;
  return functions.has('$default') ? '$default' : null;
}

function actionOf(body: string): string | null {
  try {
    return withAction.safeParse(JSON.parse(body)).data?.action ?? null;
  } catch {
    return null;
  }
}
