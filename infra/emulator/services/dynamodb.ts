/** Hands DynamoDB calls on to the server behind the gateway, over sockets that stay open. Answers are streamed through. */
import { type Dispatcher, Pool } from 'undici';
import type { Request } from './gateway.ts';

export type Forward = { call(request: Request): Promise<null>; stop(): Promise<void> };

/** What belongs to one connection and not to the call. */
const hopHeaders = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect', 'host', 'content-length'];

/** `endpoint` is asked on each call: it waits while the server restarts, and may then be another. */
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
        // Nothing was sent, so it cannot have happened: once more, to the server as it is now.
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
