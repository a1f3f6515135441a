/** Which route a connection to the cloud takes, decided as the relay itself decides it (connection/egress.ts). Pure. */
import { type Egress, withCredentials } from '../../connection/egress.ts';

export type Hop = { host: string; port: number };
/** `proxy`: with its credentials; `from`: where it is configured. */
export type Line = Hop & { secure: boolean; proxy: (Hop & { url: URL; from: string }) | null };

const usualPort: Record<string, number> = { 'http:': 80, 'ws:': 80, 'https:': 443, 'wss:': 443 };
/** In the form that sockets expect: an IPv6 address without brackets. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.+)\]$/, '$1');
const hopOf = (url: URL): Hop => ({ host: hostOf(url), port: Number(url.port) || (usualPort[url.protocol] ?? 443) });

export function lineTo(
  socketUrl: string,
  { proxy, environment }: { proxy: Egress['proxy']; environment: NodeJS.ProcessEnv },
): Line {
  const url = new URL(socketUrl);
  const secure = url.protocol === 'wss:';
  const hop = hopOf(url);
  const set = proxy ? configured(proxy) : fromEnvironment(environment, secure);
  if (set === null || isExcepted(hop, set.except)) return { ...hop, secure, proxy: null };
  return { ...hop, secure, proxy: { ...hopOf(set.url), url: set.url, from: set.from } };
}

const configured = (proxy: NonNullable<Egress['proxy']>) => ({
  url: new URL(withCredentials(proxy)),
  from: 'proxy in relay.json',
  except: proxy.except,
});

function fromEnvironment(environment: NodeJS.ProcessEnv, secure: boolean) {
  const names = [...(secure ? ['https_proxy', 'HTTPS_PROXY'] : []), 'http_proxy', 'HTTP_PROXY'];
  const name = names.find((each) => environment[each]);
  const url = name === undefined ? null : URL.parse(environment[name] ?? '');
  if (name === undefined || url === null) return null;
  const except = (environment.no_proxy ?? environment.NO_PROXY ?? '').split(/[,\s]/).filter((each) => each !== '');
  return { url, from: name, except };
}

function isExcepted({ host, port }: Hop, except: readonly string[]): boolean {
  const name = host.toLowerCase().replace(/(?<=.)\.$/, '');
  return except.some((entry) => {
    const [, pattern = '', only] = /^(.+?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (only !== undefined && Number(only) !== port) return false;
    if (pattern === '*') return true;
    const domain = pattern.replace(/^\*?\./, '');
    return name.endsWith(`.${domain}`) || (name === domain && !pattern.startsWith('*'));
  });
}
