/**
 * API Gateway's WebSocket API on 127.0.0.1: handshakes that the authoriser and `$connect` decide, messages that each call the
 * function of their route, concurrently and in no order, and `$disconnect` when a connection has ended.
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
import { clientOf, isHandshake } from './handshake.ts';
import type { SocketLimits } from './limits.ts';
import { type Refused, refuse } from './refused.ts';

export type SocketApiOptions = {
  invoke: Invoke;
  connections: Connections;
  limits: SocketLimits;
  /** Time limit of a function, ms. */
  timeLimitMs?: number;
};
export type RunningSocketApi = {
  /** Handles a request to upgrade to a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every connection (1001) and calls `$disconnect` for each, within a short time limit. */
  stop(): Promise<void>;
};

/** Time for a client to answer a close frame, and for all connections to end at a stop, ms. */
const closingMs = 1000;
const stoppingMs = 1500;
const connectAnswer = z.object({ statusCode: z.coerce.number().int().min(200).max(599) });

type State = {
  api: SocketApi;
  connections: Connections;
  limits: SocketLimits;
  server: WebSocketServer;
  functions: ReadonlyMap<string, string>;
  /** Calls a function; returns `tooLate` if it takes too long. */
  ask: (functionArn: string, event: unknown) => Promise<unknown>;
  sockets: Set<Duplex>;
  /** Handshakes, connections and `$disconnect` calls in progress. */
  open: Set<Promise<unknown>>;
  stopping: boolean;
};

export function startSocketApi(api: SocketApi, options: SocketApiOptions): RunningSocketApi {
  const { invoke, connections, limits, timeLimitMs = 29_000 } = options;
  const state: State = {
    api,
    connections,
    limits,
    server: serverOf(limits),
    functions: new Map(api.routes.map(({ routeKey, functionArn }) => [routeKey, functionArn])),
    ask: (functionArn, event) => withinTime(invoke(functionArn, event), timeLimitMs),
    sockets: new Set(),
    open: new Set(),
    stopping: false,
  };
  return {
    upgrade(request, socket, head) {
      state.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => state.sockets.delete(socket));
      const handshake = acceptHandshake(state, request, { socket, head });
      track(
        state,
        handshake.catch(() => refuse(socket, { refused: 500, message: 'Internal server error' })),
      );
    },
    async stop() {
      state.stopping = true;
      connections.closeAll({ code: 1001, reason: 'Going away' });
      await withinTime(allDone(state.open), stoppingMs);
      for (const socket of state.sockets) socket.destroy();
    },
  };
}

/** API Gateway negotiates no compression and no subprotocol. (The types lack `closeTimeout`.) */
function serverOf({ messageBytes }: SocketLimits): WebSocketServer {
  const refused = { perMessageDeflate: false, handleProtocols: () => false as const };
  const closing = { closeTimeout: closingMs };
  return new WebSocketServer({ noServer: true, clientTracking: false, ...refused, ...closing, maxPayload: messageBytes });
}

function track({ open }: State, work: Promise<unknown>): void {
  const tracked = work.catch(() => undefined).finally(() => open.delete(tracked));
  open.add(tracked);
}

const call = ({ functions, ask }: State, routeKey: string, event: unknown) => ask(functions.get(routeKey) ?? '', event);

async function admit(state: State, request: IncomingMessage, client: Client): Promise<Client | Refused> {
  const { api, ask } = state;
  if (state.stopping) return { refused: 503, message: 'Service Unavailable' };
  const url = URL.parse(request.url ?? '', 'http://localhost');
  if (!url || !isHandshake(request)) return { refused: 400, message: 'Bad Request' };
  if (url.pathname.replace(/\/$/, '') !== `/${api.stage}`) return { refused: 403, message: 'Forbidden' };
  const authorised = await authorise(api, client, { request, ask });
  if ('refused' in authorised) return authorised;
  const admitted = { ...client, authorizer: authorised.authorizer };
  const event = connectEvent(api, admitted, request);
  const answered = connectAnswer.safeParse(await call(state, '$connect', event).catch(() => null));
  if (!answered.success) return { refused: 502, message: 'Internal server error' };
  const { statusCode } = answered.data;
  return statusCode < 300 ? admitted : { refused: statusCode, message: 'The connection was refused' };
}

async function acceptHandshake(
  state: State,
  request: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
): Promise<void> {
  const admitted = await admit(state, request, clientOf(request));
  if ('refused' in admitted) return refuse(socket, admitted);
  if (!socket.readable || !socket.writable || state.stopping) {
    // `$connect` was called for it, so `$disconnect` must be called too.
    socket.destroy();
    return disconnect(state, admitted, { code: 1006, reason: 'Connection Closed Abnormally' });
  }
  state.server.handleUpgrade(request, socket, head, (webSocket) => begin(state, admitted, { webSocket, socket }));
}

function begin(state: State, client: Client, { webSocket, socket }: { webSocket: WebSocket; socket: Duplex }): void {
  const { connections, limits } = state;
  const ended = Promise.withResolvers<void>();
  track(state, ended.promise);
  const connection: Connection = openConnection(
    client,
    { webSocket, socket, limits },
    {
      // A response to a connection that has broken is dropped.
      message: (text) => handle(state, connection, text).catch(() => undefined),
      closed(closing) {
        connections.remove(connection);
        disconnect(state, client, closing);
        ended.resolve();
      },
    },
  );
  connections.add(connection);
}

async function handle(state: State, connection: Connection, body: string): Promise<void> {
  const { client } = connection;
  const requestId = newId();
  const routeKey = routeOf(body, state.functions);
  const problem =
    routeKey === null
      ? 'Forbidden'
      : await failure(state, routeKey, messageEvent(state.api, client, { routeKey, body, requestId }));
  if (problem === null || !connection.open()) return;
  await connection.send(Buffer.from(JSON.stringify({ message: problem, connectionId: client.connectionId, requestId })));
}

/** The client's error message for a failed message, null for one that succeeded. Details are in the function's log only. */
async function failure(state: State, routeKey: string, event: unknown): Promise<string | null> {
  try {
    return (await call(state, routeKey, event)) === tooLate ? 'Endpoint request timed out' : null;
  } catch {
    return 'Internal server error';
  }
}

/** Best effort, as on AWS: one call, and a failure is not retried. */
function disconnect(state: State, client: Client, closing: Closing): void {
  if (!state.functions.has('$disconnect')) return;
  track(state, call(state, '$disconnect', disconnectEvent(state.api, client, closing)));
}

/** Waits in a loop, because the end of a connection adds another promise: its `$disconnect` call. */
async function allDone(work: ReadonlySet<Promise<unknown>>): Promise<void> {
  while (work.size > 0) await Promise.all(work);
}

const withAction = z.object({ action: z.string() });

/** By `$request.body.action`; null if there is neither that route nor `$default`. */
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
