/** Forwards DynamoDB calls to the server behind the gateway, over connections that stay open. Responses are streamed. */
import { type Dispatcher, Pool } from 'undici';
import type { Request } from './gateway.ts';

export type Forward = { call(request: Request): Promise<null>; stop(): Promise<void> };

/** Headers of one connection, not of the call. */
const hopHeaders = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect', 'host', 'content-length'];

/** `endpoint` is called for each request: it waits while the server restarts, and the address may change. */
export function forwardTo(endpoint: () => Promise<string>): Forward {
  let pool: { origin: string; pool: Pool } | null = null;

  function poolOf(origin: string): Pool {
    if (pool?.origin === origin) return pool.pool;
    pool?.pool.destroy().catch(() => undefined);
    pool = { origin, pool: new Pool(origin, { connections: 64, pipelining: 1, headersTimeout: 60_000 }) };
    return pool.pool;
  }

  async function pass({ headers, body, response }: Request): Promise<void> {
    const options: Dispatcher.RequestOptions = {
      path: '/',
      method: 'POST',
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.includes(name))),
      body,
    };
    await poolOf(await endpoint()).stream(options, ({ statusCode, headers: answered }) => {
      response.writeHead(statusCode, answered);
      return response;
    });
  }

  return {
    async call(request) {
      try {
        await pass(request);
      } catch (error) {
        // Nothing was sent, so it cannot have taken effect: retry once, at the server's current address.
        if (!(error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED')) throw error;
        await pass(request);
      }
      return null;
    },
    async stop() {
      await pool?.pool.destroy();
    },
  };
}
