/**
 * The Lambda Runtime API of one execution environment, on the real wire. One environment serves one invocation at a time: `hand`
 * queues it, the process fetches it with its request for the `next` one, and its `response` or `error` settles the promise.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { listen } from '../listen.ts';
import { FunctionError } from './function-error.ts';

export type Invocation = { requestId: string; event: string; deadline: number; functionArn: string };
type Completion = { resolve: (body: string) => void; reject: (error: Error) => void };

/** Lambda's limit for a synchronous response, 6 MB. */
export const responseLimit = 6 * 1024 * 1024;
const prefix = '/2018-06-01/runtime';
const postedError = z.object({ errorMessage: z.string().default(''), errorType: z.string().default('Error') });

export type RuntimeApi = {
  /** `host:port`, as AWS_LAMBDA_RUNTIME_API has it. */
  address: string;
  /** Resolves when the process fetches its first invocation (initialised); rejects when it reports that it could not initialise. */
  ready: Promise<void>;
  /** The JSON text that the handler returned; rejects with its error. Throws if an invocation is in progress. */
  hand(invocation: Invocation): Promise<string>;
  /** Ends the invocation in progress with this error. */
  abort(error: Error): void;
  close(): void;
};

type State = {
  functionName: string;
  readiness: PromiseWithResolvers<void>;
  /** The process's request for its next invocation, while there is none. */
  waiting: ServerResponse | null;
  /** An invocation that the process has not fetched. */
  queued: Invocation | null;
  /** The invocation in progress, fetched or not. */
  current: (Completion & { id: string }) | null;
};

/** Throws StartError when it cannot listen. */
export async function startRuntimeApi(functionName: string): Promise<RuntimeApi> {
  const readiness = Promise.withResolvers<void>();
  readiness.promise.catch(() => undefined);
  const state: State = { functionName, readiness, waiting: null, queued: null, current: null };
  const server = createServer((request, response) => {
    // The request of a process that is killed while it posts is cut short; its exit reports how it ended.
    answer(state, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  const port = await listen(server, 0);

  return {
    address: `127.0.0.1:${port}`,
    ready: readiness.promise,
    hand(invocation) {
      if (state.current) throw new Error(`${functionName}: an invocation is under way in this process already`);
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      state.current = { id: invocation.requestId, resolve, reject };
      state.queued = invocation;
      deliver(state);
      return promise;
    },
    abort(error) {
      readiness.reject(error);
      if (state.current) complete(state, state.current.id, ({ reject }) => reject(error));
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '';
  if (request.method === 'GET' && path === `${prefix}/invocation/next`) {
    state.waiting = response;
    state.readiness.resolve();
    deliver(state);
    return;
  }
  const known = receive(state, path, await bodyOf(request));
  response.writeHead(known ? 202 : 404, { 'content-type': 'application/json' });
  response.end(known ? '{"status":"OK"}' : '{"errorType":"InvalidRequest","errorMessage":"no such invocation"}');
}

/** Responds to the process's request with the queued invocation, once there are both. */
function deliver(state: State): void {
  const { waiting, queued } = state;
  if (!waiting || !queued) return;
  const { requestId, event, deadline, functionArn } = queued;
  waiting.writeHead(200, {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': requestId,
    'lambda-runtime-deadline-ms': String(deadline),
    'lambda-runtime-invoked-function-arn': functionArn,
    'lambda-runtime-trace-id': `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomUUID().replaceAll('-', '').slice(0, 24)};Sampled=0`,
  });
  waiting.end(event);
  state.waiting = null;
  state.queued = null;
}

/** Processes what the process posted; false if it concerns no invocation in progress. */
function receive(state: State, path: string, body: string): boolean {
  const { functionName } = state;
  if (path === `${prefix}/init/error`) {
    state.readiness.reject(errorOf(functionName, body));
    return true;
  }
  const [, id = '', kind = ''] = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
  if (kind === 'error') return complete(state, id, ({ reject }) => reject(errorOf(functionName, body)));
  if (kind !== 'response') return false;
  if (Buffer.byteLength(body) <= responseLimit) return complete(state, id, ({ resolve }) => resolve(body));
  const tooLarge = `Response payload size exceeded maximum allowed payload size (${responseLimit} bytes).`;
  return complete(state, id, ({ reject }) =>
    reject(new FunctionError('function', 'Function.ResponseSizeTooLarge', `${functionName}: ${tooLarge}`)),
  );
}

function complete(state: State, id: string, act: (completion: Completion) => void): boolean {
  const { current } = state;
  if (current?.id !== id) return false;
  state.current = null;
  act(current);
  return true;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** A body that does not follow the Runtime API still ends the invocation with an error. */
function errorOf(functionName: string, body: string): FunctionError {
  const { errorType, errorMessage } = postedError.safeParse(parsed(body)).data ?? { errorType: 'Error', errorMessage: body };
  return new FunctionError('function', errorType, `${functionName}: ${errorMessage}`);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body || '{}');
  } catch {
    return null;
  }
}
