/** A WebSocket API with real function processes, its management API behind the gateway, and clients for both ends. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { type ClientOptions, WebSocket } from 'ws';
import { socketLimits } from '#domain/relay/relay-protocol';
import type { Lambdas } from '#infra/emulator/lambda/lambdas';
import type { SocketApi } from '#infra/emulator/model';
import { freePort } from '#infra/emulator/services/free-port';
import { startServices } from '#infra/emulator/services/services';
import { openConnections } from '#infra/emulator/socket/connections';
import type { SocketLimits } from '#infra/emulator/socket/limits';
import { startSocketApi } from '#infra/emulator/socket/socket-api';
import { aFunction, arnOf, run } from '../lambda/functions.ts';
import { aFunction as aCaller, aFolder, allow, aModel } from '../services/stack.ts';

/** Allows `good`, denies `bad`, throws for the rest; `odd` gets an answer that is not a policy. Records its requests. */
const authoriser = `
import { appendFileSync } from 'node:fs';
export const handler = async (event) => {
  appendFileSync(process.env.SEEN, JSON.stringify(event) + '\\n');
  const name = Object.keys(event.headers).find((header) => header.toLowerCase() === 'authorization');
  const token = event.headers[name];
  if (token === 'expired') throw new Error('Unauthorized');
  if (token === 'broken') throw new Error('no table');
  if (token === 'odd') return { principalId: 'x', policyDocument: { Statement: [] }, context: { list: [1] } };
  const Effect = token === 'good' ? 'Allow' : 'Deny';
  const Statement = [{ Action: 'execute-api:Invoke', Effect, Resource: event.methodArn }];
  return { principalId: 'relay-1', policyDocument: { Version: '2012-10-17', Statement }, context: { sourceId: 'hq', fence: 7 } };
};`;

/** Does as the message says, and records every event. */
const socket = `
import { appendFileSync } from 'node:fs';
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const handler = async (event) => {
  appendFileSync(process.env.SEEN, JSON.stringify(event) + '\\n');
  const { eventType } = event.requestContext;
  const { wait = 0, status = 200 } = event.queryStringParameters ?? {};
  if (eventType === 'CONNECT') return pause(Number(wait)).then(() => ({ statusCode: Number(status) }));
  if (event.body === 'throw') throw new Error('a secret detail');
  if (event.body?.startsWith('wait ')) {
    await pause(Number(event.body.slice(5)));
    appendFileSync(process.env.SEEN, JSON.stringify({ done: event.body }) + '\\n');
  }
  return { statusCode: 200 };
};`;

export type Call = { [key: string]: unknown; body?: string; requestContext: Record<string, unknown> };
export type SocketStack = {
  url: string;
  api: SocketApi;
  /** The management API's client, signing as a function of this name. */
  as(caller: string): ApiGatewayManagementApiClient;
  post(connectionId: string, text: string): Promise<unknown>;
  /** What a function was called with, in order. */
  calls(name: 'authorise' | 'socket'): Promise<Call[]>;
  /** Ends the WebSocket API alone, as the local stack does first. */
  stopSockets(): Promise<void>;
  stop(): Promise<void>;
};

export async function startSocketStack(
  given: Partial<SocketLimits> & { timeLimitMs?: number; routes?: string[] } = {},
): Promise<SocketStack> {
  const { timeLimitMs, routes = ['$connect', '$disconnect', '$default'], ...shorter } = given;
  const folder = await aFolder();
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const limits = { ...socketLimits, ...shorter };
  const callsFile = (name: string) => `${folder.path}/${name}.seen`;
  const functions = await Promise.all(
    Object.entries({ authorise: authoriser, socket }).map(([name, code]) =>
      aFunction(folder.path, code, { name, environment: { SEEN: callsFile(name) } }),
    ),
  );
  const api: SocketApi = {
    id: 'SocketApi',
    name: 'relays',
    stage: 'relay',
    authorizer: { functionArn: arnOf('authorise'), identitySources: [{ in: 'header', name: 'Authorization' }] },
    routes: routes.map((routeKey) => ({ routeKey, functionArn: arnOf('socket') })),
  };
  const arn = (rest: string) => `arn:aws:execute-api:us-east-1:000000000000:${rest}`;
  const may = (name: string, resources: string[]) => aCaller(name, [allow(['execute-api:ManageConnections'], resources)]);
  const callers = [
    may('sender', [arn('SocketApi/relay/POST/@connections/*')]),
    may('stranger', [arn('OtherApi/relay/*'), arn('SocketApi/other/*')]),
  ];
  const connections = openConnections(limits);
  const services = await startServices(
    { ...aModel(endpoint, { functions: callers }), socketApis: [api] },
    { dataDir: folder.path, endpoint, connections, invoke: async () => null },
  );
  const lambdas: Lambdas = await run(functions, folder.path);
  const sockets = startSocketApi(api, {
    invoke: lambdas.invoke,
    connections,
    limits,
    ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
  });
  const server = createServer().on('upgrade', sockets.upgrade).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clients: ApiGatewayManagementApiClient[] = [];
  const as = (caller: string) => {
    const credentials = { accessKeyId: caller, secretAccessKey: 'any' };
    const client = new ApiGatewayManagementApiClient({
      endpoint: `${endpoint}/${api.stage}`,
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
    });
    clients.push(client);
    return client;
  };
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/${api.stage}`,
    api,
    as,
    post: (ConnectionId, text) => as('sender').send(new PostToConnectionCommand({ ConnectionId, Data: Buffer.from(text) })),
    async calls(name) {
      const text = await readFile(callsFile(name), 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    },
    stopSockets: sockets.stop,
    async stop() {
      await sockets.stop();
      await lambdas.stop();
      for (const client of clients) client.destroy();
      await services.stop();
      await new Promise((resolve) => server.close(resolve));
      await folder.remove();
    },
  };
}

export type TestClient = {
  socket: WebSocket;
  /** The next text, in order; waits for it. */
  next(): Promise<string>;
  closed: Promise<{ code: number; reason: string }>;
};

/** Connects with this token; rejects with the status of the refusal. */
export async function connect(url: string, { token = 'good', ...options }: ClientOptions & { token?: string | null } = {}) {
  const headers = { ...(token === null ? {} : { Authorization: token }), ...options.headers };
  const socket = new WebSocket(url, { ...options, headers });
  const texts: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  socket.on('message', (data) => {
    const waiter = waiting.shift();
    if (waiter) waiter(data.toString());
    else texts.push(data.toString());
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
    socket.once('unexpected-response', async (_request, response) => {
      let body = '';
      for await (const part of response) body += part;
      reject(new Error(`${response.statusCode} ${body}`));
    });
  });
  socket.on('error', () => undefined);
  return {
    socket,
    closed,
    next: () => {
      const first = texts.shift();
      return first === undefined ? new Promise<string>((resolve) => waiting.push(resolve)) : Promise.resolve(first);
    },
  } satisfies TestClient;
}
