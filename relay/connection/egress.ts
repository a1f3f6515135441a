/** How the relay gets out to its cloud: directly or through a proxy, trusting an extra certificate authority where one is given. */
import { getCACertificates } from 'node:tls';
import { type Dispatcher, EnvHttpProxyAgent } from 'undici';

export type Proxy = { url: string; user?: string | undefined; password?: string | undefined; except: readonly string[] };
/** `ca`: PEM, besides those that Node trusts anyway. Without `proxy` HTTPS_PROXY, HTTP_PROXY and NO_PROXY decide. */
export type Egress = { proxy?: Proxy | undefined; ca?: string | undefined; connectMs?: number };

/** For the socket and for enrolment. HTTP/1.1 only: that is what WebSockets and proxies agree on. */
export function egressOf({ proxy, ca, connectMs = 20_000 }: Egress): Dispatcher {
  const tls = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  const url = proxy && withCredentials(proxy);
  return new EnvHttpProxyAgent({
    ...(url ? { httpProxy: url, httpsProxy: url, noProxy: proxy.except.join(',') } : {}),
    allowH2: false,
    connect: { timeout: connectMs, ...tls },
    // Also for ws://: a proxy forwards no upgrade, it only tunnels.
    proxyTunnel: true,
    requestTls: { timeout: connectMs, ...tls },
    proxyTls: { timeout: connectMs, ...tls },
  });
}

/** As undici takes it, and as the environment would have it. */
export function withCredentials({ url, user, password }: Proxy): string {
  const full = new URL(url);
  if (user !== undefined) full.username = encodeURIComponent(user);
  if (password !== undefined) full.password = encodeURIComponent(password);
  return full.href;
}
