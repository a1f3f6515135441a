/**
 * The Lambda Runtime API of one execution environment, on the real wire. One environment serves one invocation at a time:
 * `hand` gives it an invocation, `next` is answered with it, and its `response` or `error` settles the promise.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { FunctionError } from './function-error.ts';

export type Invocation = { requestId: string; event: string; deadline: number; functionArn: string };
type Settled = { resolve: (body: string) => void; reject: (error: Error) => void };

/** Lambda's limit for a synchronous answer, 6 MB. */
export const responseLimit = 6 * 1024 * 1024;
const prefix = '/2018-06-01/runtime';
const postedError = z.object({ errorMessage: z.string().default(''), errorType: z.string().default('Error') });

export type RuntimeApi = {
  /** `host:port`, as AWS_LAMBDA_RUNTIME_API has it. */
  address: string;
  /** Settles when the process asked for its first invocation (initialised) or reported that it could not initialise. */
  ready: Promise<void>;
  /** The JSON text that the handler returned; rejects with its error. Throws when an invocation is under way. */
  hand(invocation: Invocation): Promise<string>;
  /** Ends what is under way with this error. */
  abort(error: Error): void;
  close(): void;
};

export async function startRuntimeApi(functionName: string): Promise<RuntimeApi> {
  const readiness = Promise.withResolvers<void>();
  readiness.promise.catch(() => undefined);
  let waiting: ServerResponse | null = null;
  let queued: Invocation | null = null;
  let current: (Settled & { id: string }) | null = null;

  function deliver() {
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
    waiting = null;
    queued = null;
  }

  function settle(id: string, act: (settled: Settled) => void): boolean {
    if (current?.id !== id) return false;
    const settled = current;
    current = null;
    act(settled);
    return true;
  }

  function route(path: string, body: string): boolean {
    if (path === `${prefix}/init/error`) {
      readiness.reject(errorOf(functionName, body));
      return true;
    }
    const [, id = '', kind = ''] = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (kind === 'error') return settle(id, ({ reject }) => reject(errorOf(functionName, body)));
    if (kind !== 'response') return false;
    if (Buffer.byteLength(body) <= responseLimit) return settle(id, ({ resolve }) => resolve(body));
    const tooLarge = `Response payload size exceeded maximum allowed payload size (${responseLimit} bytes).`;
    return settle(id, ({ reject }) =>
      reject(new FunctionError('function', 'Function.ResponseSizeTooLarge', `${functionName}: ${tooLarge}`)),
    );
  }

  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    if (request.method === 'GET' && path === `${prefix}/invocation/next`) {
      waiting = response;
      readiness.resolve();
      return deliver();
    }
    const known = route(path, await bodyOf(request));
    response.writeHead(known ? 202 : 404, { 'content-type': 'application/json' });
    response.end(known ? '{"status":"OK"}' : '{"errorType":"InvalidRequest","errorMessage":"no such invocation"}');
  });
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    address: `127.0.0.1:${port}`,
    ready: readiness.promise,
    hand(invocation) {
      if (current) throw new Error(`${functionName}: an invocation is under way in this process already`);
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      current = { id: invocation.requestId, resolve, reject };
      queued = invocation;
      deliver();
      return promise;
    },
    abort(error) {
      readiness.reject(error);
      if (current) settle(current.id, ({ reject }) => reject(error));
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function errorOf(functionName: string, body: string): FunctionError {
  const { errorType, errorMessage } = postedError.parse(JSON.parse(body || '{}'));
  return new FunctionError('function', errorType, `${functionName}: ${errorMessage}`);
}
