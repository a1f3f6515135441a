/**
 * The single address of all local services, on 127.0.0.1. `X-Amz-Target` names the service of a request, the access key id its
 * caller. A function signs with its own name, and the policy of its role in the template is checked for each of its calls; any
 * other caller is the operator, who may do everything. Signatures are not verified.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { FunctionResource } from '#infra/emulator/model';
import { close, listen } from '../listen.ts';
import { account } from '../template/intrinsics.ts';
import { judge, type Need } from './authorise.ts';
import { callCounts, callCountsPath } from './call-counts.ts';
import { Unreadable } from './required-permissions.ts';
import { type Answer, errorAnswer, type Service, ServiceError } from './wire.ts';

export type Request = {
  operation: string;
  target: string;
  headers: Record<string, string>;
  body: Buffer;
  /** Whether the caller has hung up. */
  gone: () => boolean;
  response: ServerResponse;
};
export type Backend = {
  /** The permissions that the caller needs, from the request's JSON (for @connections: its path); throws `Unreadable`. */
  needs(operation: string, parameters: unknown): Need[];
  /** Returns the response, or null if it has written the response itself. */
  call(request: Request): Promise<Answer | null>;
};
export type Gateway = { stop(): Promise<void> };

const targets: Record<string, Service> = {
  DynamoDB_20120810: 'dynamodb',
  DynamoDBStreams_20120810: 'dynamodb',
  AmazonSQS: 'sqs',
  AWSEvents: 'events',
  secretsmanager: 'secretsmanager',
};
/** Services recognised by their path, not by a header. */
const sendMailPath = '/v2/email/outbound-emails';
const connectionPath = /^\/[^/]+\/(@|%40)connections\/[^/]+$/;

/** DynamoDB accepts at most 16 MB in one request, the others less. */
const mostBytes = 17 * 1024 * 1024;

export type GatewayOptions = {
  port: number;
  functions: readonly FunctionResource[];
  backends: Record<Service, Backend>;
};

export async function startGateway({ port, functions, backends }: GatewayOptions): Promise<Gateway> {
  const byName = new Map(functions.map((one) => [one.name, one]));
  const counts = callCounts();
  const server = createServer({ keepAlive: true, noDelay: true }, (incoming, response) => {
    handle(incoming, response).catch((error: unknown) => fail(incoming, response, error));
  });
  // The SDK keeps connections open between calls; closing them here first would race with its next request.
  server.keepAliveTimeout = 75_000;

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (incoming.method === 'GET' && incoming.url === callCountsPath)
      return reply(response, {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(counts.all()),
      });
    const { service, operation, target } = targetOf(incoming);
    const body = await readBody(incoming);
    const caller = byName.get(callerOf(incoming));
    const backend = backends[service];
    if (caller) {
      const parameters = service === 'connections' ? target : parsed(body);
      authorise(caller, neededBy(backend, operation, parameters), service);
      counts.add(caller.name, service, operation);
    }
    const request = { operation, target, headers: plain(incoming), body, gone: () => response.destroyed, response };
    const answer = await backend.call(request);
    if (answer) reply(response, answer);
  }

  await listen(server, port);
  return { stop: () => close(server) };
}

function targetOf(incoming: IncomingMessage): { service: Service; operation: string; target: string } {
  const service = serviceOf(incoming);
  const { method = '', url = '' } = incoming;
  if (service === 'ses') return { service, operation: 'SendEmail', target: url };
  if (service === 'connections') return { service, operation: method, target: url };
  const target = String(incoming.headers['x-amz-target'] ?? '');
  const [, operation = ''] = target.split('.');
  if (!service || operation === '')
    throw new ServiceError(
      'UnknownOperationException',
      `The local stack answers DynamoDB, SQS, EventBridge, Secrets Manager (AWS JSON protocol), SES v2 (SendEmail) and @connections; it has nothing for X-Amz-Target "${target}".`,
    );
  return { service, operation, target };
}

function serviceOf({ method, url = '', headers }: IncomingMessage): Service | undefined {
  if (method === 'POST' && url === sendMailPath) return 'ses';
  if (connectionPath.test(url)) return 'connections';
  return targets[String(headers['x-amz-target'] ?? '').split('.')[0] ?? ''];
}

/** The access key id: the first part of the credential scope. */
function callerOf({ headers }: IncomingMessage): string {
  return /Credential=([^/,\s]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size > mostBytes) throw new ServiceError('RequestEntityTooLargeException', 'The request is larger than 16 MB.', 413);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8') || '{}');
  } catch {
    throw new ServiceError('SerializationException', 'The request is no JSON.');
  }
}

function neededBy(backend: Backend, operation: string, parameters: unknown): Need[] {
  try {
    return backend.needs(operation, parameters);
  } catch (error) {
    if (error instanceof Unreadable) throw new ServiceError('ValidationException', error.message);
    throw error;
  }
}

/** Throws IAM's message, which names what is missing in the role. */
function authorise(caller: FunctionResource, needs: readonly Need[], service: Service): void {
  const judgement = judge(caller.policy, needs);
  if (judgement.allowed) return;
  const { need, because } = judgement;
  const user = `arn:aws:sts::${account}:assumed-role/${caller.name}/${caller.name}`;
  throw new ServiceError(
    'AccessDeniedException',
    `User: ${user} is not authorized to perform: ${need.action} on resource: ${need.resource} ${because}`,
    service === 'sqs' || service === 'connections' ? 403 : 400,
  );
}

function plain({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function reply(response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body), 'x-amzn-requestid': randomUUID() });
  response.end(body);
}

/** An internal error looks like one of AWS: 500, which the SDKs retry. */
function fail(incoming: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const known =
    error instanceof ServiceError ? error : new ServiceError('InternalServerError', `The local stack failed: ${error}`, 500);
  reply(response, errorAnswer(serviceOf(incoming) ?? 'dynamodb', known));
  if (!incoming.complete) incoming.destroy();
}
