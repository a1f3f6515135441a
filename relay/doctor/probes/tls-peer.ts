/** Who is at the other end of the connection, by its certificate. */
import { once } from 'node:events';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, getCACertificates, type TLSSocket } from 'node:tls';
import { describeError } from '../../connection/describe-error.ts';
import type { Line } from './egress-route.ts';
import { tunnelled } from './proxy-tunnel.ts';

export type TlsEnd =
  | { how: 'plain' }
  | { how: 'trusted'; protocol: string; issuer: string }
  /** `code`: as Node names it; `issuer`: who issued the certificate, as far as it is known. */
  | { how: 'untrusted'; code: string; issuer: string }
  | { how: 'failed'; reason: string };
type Options = { timeoutMs: number; ca: string | undefined };

export async function reachTls(line: Line, options: Options): Promise<TlsEnd> {
  if (!line.secure) return { how: 'plain' };
  try {
    if (line.proxy === null) return await connectTls(line, null, options);
    const { socket, end } = await tunnelled(line, options);
    return await connectTls(line, socket, options).finally(end);
  } catch (error) {
    return { how: 'failed', reason: describeError(error) };
  }
}

async function connectTls({ host, port }: Line, over: Duplex | null, { timeoutMs, ca }: Options): Promise<TlsEnd> {
  const socket = connect({
    ...(over === null ? { host, port } : { socket: over }),
    ...(isIP(host) ? { host } : { servername: host, host }),
    ...(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }),
    // Verified here instead: people need to know who issued an untrusted certificate. Nothing is sent over this connection.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    return judge(socket);
  } finally {
    socket.destroy();
  }
}

function judge(socket: TLSSocket): TlsEnd {
  const { CN, O } = socket.getPeerCertificate().issuer ?? {};
  const issuer = [CN ?? O].flat().join(', ') || 'unnamed';
  if (socket.authorized) return { how: 'trusted', protocol: socket.getProtocol() ?? 'TLS', issuer };
  const { authorizationError: error } = socket;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return { how: 'untrusted', code, issuer };
}
