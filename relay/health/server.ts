/**
 * The relay's HTTP endpoint, on this machine only: /ready and /metrics for monitoring, /status and /log-level for those who can read
 * the data folder (bearer token). Web pages cannot use it: requests with another Host are rejected.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { type Level, levels } from '../log/log.ts';
import { jsonOf } from '../stored-file.ts';
import { listenRefusal } from './listen-refusal.ts';
import type { RelayStatus } from './status.ts';

export type HealthOptions = {
  port: number;
  token: string;
  status(): RelayStatus;
  metrics(): Promise<string>;
  setLevel(level: Level): void;
  /** A request failed with an unexpected error, which is to be logged. */
  failed(error: unknown): void;
};
type Answer = { status: number; type: 'text/plain' | 'application/json'; body: string };
export type HealthServer = { url: string; close(): Promise<void> };

const text = (status: number, body: string): Answer => ({ status, type: 'text/plain', body: `${body}\n` });
const wanted = z.object({ level: z.enum(levels) });
const mostBytes = 1_024;

/** Throws RelayRefusal if it cannot listen on its port. */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(options, request).then(
      (given) => send(response, given),
      (error: unknown) => {
        options.failed(error);
        send(response, text(500, 'unexpected error'));
      },
    );
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenRefusal(options.port, cause)));
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer({ token, status, metrics, setLevel }: HealthOptions, request: IncomingMessage): Promise<Answer> {
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) return text(421, 'only for this machine');
  const route = `${request.method} ${request.url?.split('?')[0]}`;
  if (route === 'GET /ready') {
    const { ready, reason } = status();
    return ready ? text(200, 'ready') : text(503, reason ?? 'not ready');
  }
  if (route === 'GET /metrics') return { ...text(200, ''), body: await metrics() };
  if (route !== 'GET /status' && route !== 'POST /log-level') return text(404, 'here are: /ready, /metrics, /status, /log-level');
  if (!bears(request, token)) return text(401, 'needs the token of running.json in the data folder: Authorization: Bearer …');
  if (route === 'GET /status') return { status: 200, type: 'application/json', body: JSON.stringify(status()) };
  const requested = wanted.safeParse(await json(request));
  if (!requested.success) return text(400, `{"level": one of ${levels.join(', ')}}`);
  setLevel(requested.data.level);
  return text(200, requested.data.level);
}

function bears(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const right = Buffer.from(`Bearer ${token}`);
  return given.length === right.length && timingSafeEqual(given, right);
}

async function json(request: IncomingMessage): Promise<unknown> {
  let read = '';
  for await (const chunk of request) {
    read += chunk;
    if (read.length > mostBytes) return null;
  }
  return jsonOf(read);
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(body);
}
