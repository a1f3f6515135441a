/** How the relay connects to its cloud: directly or through a proxy, trusting an additional certificate authority if one is given. */
import { getCACertificates } from 'node:tls';
import { type Dispatcher, EnvHttpProxyAgent } from 'undici';

export type Proxy = { url: string; user?: string | undefined; password?: string | undefined; except: readonly string[] };
/** `ca`: PEM, in addition to those that Node trusts. Without `proxy`, HTTPS_PROXY, HTTP_PROXY and NO_PROXY apply. */
export type Egress = { proxy?: Proxy | undefined; ca?: string | undefined; connectMs?: number };

/** For the socket and for enrolment. HTTP/1.1 only, because WebSockets and proxies both support it. */
export function egressOf({ proxy, ca, connectMs = 20_000 }: Egress): Dispatcher {
  const tls = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  const url = proxy && withCredentials(proxy);
  return new EnvHttpProxyAgent({
    ...(url ? { httpProxy: url, httpsProxy: url, noProxy: proxy.except.join(',') } : {}),
    allowH2: false,
    connect: { timeout: connectMs, ...tls },
    // Also for ws://: proxies do not forward an upgrade, they only tunnel.
    proxyTunnel: true,
    requestTls: { timeout: connectMs, ...tls },
    proxyTls: { timeout: connectMs, ...tls },
  });
}

/** The proxy URL with its credentials, in the form that undici and the environment variables use. */
export function withCredentials({ url, user, password }: Proxy): string {
  const full = new URL(url);
  if (user !== undefined) full.username = encodeURIComponent(user);
  if (password !== undefined) full.password = encodeURIComponent(password);
  return full.href;
}
