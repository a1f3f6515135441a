/** Asks the proxy between the relay and its cloud for a tunnel. */
import type { Duplex } from 'node:stream';
import { getCACertificates } from 'node:tls';
import { Client } from 'undici';
import { describeError } from '../../connection/describe-error.ts';
import type { Line } from './egress-route.ts';

export type Tunnel =
  | { how: 'none' }
  | { how: 'open' }
  /** The proxy's response instead of a tunnel. */
  | { how: 'refused'; status: number }
  | { how: 'failed'; reason: string };
type Options = { timeoutMs: number; ca: string | undefined };

/** Opens a tunnel and closes it again. */
export async function openTunnel(line: Line, options: Options): Promise<Tunnel> {
  if (line.proxy === null) return { how: 'none' };
  try {
    const { status, end } = await tunnelled(line, options);
    end();
    return status === 200 ? { how: 'open' } : { how: 'refused', status };
  } catch (error) {
    return { how: 'failed', reason: describeError(error) };
  }
}

/** Throws if the proxy does not respond. `end` releases the tunnel. */
export async function tunnelled(
  { host, port, proxy }: Line,
  { timeoutMs, ca }: Options,
): Promise<{ status: number; socket: Duplex; end(): void }> {
  if (proxy === null) throw new Error('there is no proxy on this line');
  const { url } = proxy;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const given = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const headers = {
    host: authority,
    ...(url.username === '' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(given).toString('base64')}` }),
  };
  const trusted = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  const client = new Client(url.origin, { connect: { timeout: timeoutMs, ...trusted }, headersTimeout: timeoutMs });
  try {
    const { statusCode, socket } = await client.connect({ path: authority, headers, signal: AbortSignal.timeout(timeoutMs) });
    socket.on('error', () => {});
    const end = () => {
      socket.destroy();
      release(client);
    };
    return { status: statusCode, socket, end };
  } catch (error) {
    release(client);
    throw error;
  }
}

/** Not awaited, and its failure is ignored: what we needed to know about the proxy is known by then. */
function release(client: Client): void {
  client.destroy().catch(() => undefined);
}
