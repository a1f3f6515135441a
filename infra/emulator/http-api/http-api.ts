/**
 * API Gateway's HTTP API on 127.0.0.1: the routes, authorisers, limits (10 MB, 30 s) and error responses of the real one, with
 * functions invoked by events of payload format 2.0.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Authorizer, HttpApi, Invoke } from '#infra/emulator/model';
import { close, listen } from '../listen.ts';
import { gatewayAnswer, responseOf } from './gateway-response.ts';
import type { Issuer } from './issuer.ts';
import { type Claims, decodedPath, type ReceivedRequest, requestEvent } from './request-event.ts';
import { routeMatcher } from './routes.ts';
import { tooLate, withinTime } from './time-limit.ts';

export type HttpApiOptions = {
  port: number;
  invoke: Invoke;
  issuer: Issuer;
  /** Handles a request first if it has a route for it, as for the user pool's pages. */
  beside?: Hono;
  timeLimitMs?: number;
  /** Handles requests to upgrade to a WebSocket, on the same port. */
  upgrade?: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined;
};
export type RunningHttpApi = { url: string; stop(): Promise<void> };

const bodyLimitBytes = 10 * 1024 * 1024;

export async function startHttpApi(api: HttpApi, options: HttpApiOptions): Promise<RunningHttpApi> {
  const matching = routeMatcher(api.routes);

  async function answer(request: ReceivedRequest): Promise<Response> {
    const path = decodedPath(request.target);
    if (path === null) return gatewayAnswer(400, 'Bad Request');
    const matched = matching(request.method, path);
    if (!matched) return gatewayAnswer(404, 'Not Found');
    const { route } = matched;
    const caller = route.authorizer ? await authorise(options.issuer, route.authorizer, request.headers) : { claims: null };
    if ('challenge' in caller) return gatewayAnswer(401, 'Unauthorized', { 'www-authenticate': caller.challenge });
    const requestId = randomUUID();
    const event = requestEvent(request, matched, { ...caller, path, requestId, apiId: api.id, now: new Date() });
    const result = await withinTime(options.invoke(route.functionArn, event), options.timeLimitMs ?? 30_000);
    return result === tooLate ? gatewayAnswer(503, 'Service Unavailable') : responseOf(result);
  }

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(bodyLimit({ maxSize: bodyLimitBytes, onError: () => gatewayAnswer(413, 'Request Entity Too Large') }));
  if (options.beside) app.route('/', options.beside);
  app.all('*', async ({ req, env }) =>
    answer({
      method: req.method,
      target: env.incoming.url ?? '/',
      headers: req.raw.headers,
      body: Buffer.from(await req.arrayBuffer()),
      sourceIp: env.incoming.socket.remoteAddress ?? '127.0.0.1',
    }),
  );
  // A function's error is in its log; the client gets no more details than from API Gateway.
  app.onError(() => gatewayAnswer(500, 'Internal Server Error'));

  const server = createAdaptorServer({ fetch: app.fetch });
  if (options.upgrade) server.on('upgrade', options.upgrade);
  const port = await listen(server, options.port, { remedy: 'Choose another with --port, or 0 for any free one.' });
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server) };
}

/** Accepts `Authorization: Bearer <token>` or the bare token, like API Gateway. */
async function authorise(
  issuer: Issuer,
  authorizer: Authorizer,
  headers: Headers,
): Promise<{ claims: Claims } | { challenge: string }> {
  const token = headers.get('authorization')?.replace(/^Bearer /i, '');
  if (!token) return { challenge: 'Bearer' };
  const verified = await issuer.verify(authorizer, token);
  if ('claims' in verified) return verified;
  return { challenge: `Bearer scope="" error="invalid_token" error_description="${verified.refused}"` };
}
