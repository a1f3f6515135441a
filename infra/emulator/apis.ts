/** The template's HTTP API and, where it has one, its WebSocket API: one port for both, so that one address serves everything. */
import type { CleanUp } from '#infra/emulator/clean-up';
import { startHttpApi } from './http-api/http-api.ts';
import { localIssuer } from './http-api/issuer.ts';
import { userPool } from './http-api/user-pool.ts';
import type { Authorizer, Invoke, Model } from './model.ts';
import type { Connections } from './socket/connections.ts';
import type { SocketLimits } from './socket/limits.ts';
import { startSocketApi } from './socket/socket-api.ts';

export type ApiOptions = {
  dataDir: string;
  port: number;
  invoke: Invoke;
  connections: Connections;
  limits: SocketLimits;
  cleaning: CleanUp;
};
export type Apis = {
  web: { consoleUrl: string; apiUrl: string; apiToken: string };
  /** Where WebSockets connect; null if the template has no WebSocket API. */
  socketUrl: string | null;
  /** Closes every WebSocket; calls `$disconnect` functions while the functions still run. */
  closeSockets(): Promise<void>;
};

/** Resolves when console and API respond. */
export async function startApis({ httpApis, socketApis }: Model, options: ApiOptions): Promise<Apis> {
  const { dataDir, port, invoke, cleaning } = options;
  const [api, ...others] = httpApis;
  if (!api || others.length > 0)
    throw new Error(`The template has ${httpApis.length} HTTP APIs; the local stack runs exactly one`);
  const sockets = socketsOf(socketApis, options);
  const authorizer = api.routes.find((route) => route.authorizer)?.authorizer ?? noAuthorizer;
  const issuer = await localIssuer(dataDir);
  const beside = userPool({ issuer, authorizer, web: `http://127.0.0.1:${port}` });
  const http = await startHttpApi(api, { port, issuer, beside, upgrade: sockets?.upgrade, invoke });
  cleaning.add(http.stop);
  const closeSockets = async () => sockets?.stop();
  cleaning.add(closeSockets);
  const apiToken = await issuer.mint(authorizer);
  await checked(`${http.url}/`, {});
  await checked(`${http.url}/api/status`, { authorization: `Bearer ${apiToken}` });
  return {
    web: { consoleUrl: `${http.url}/#token=${apiToken}`, apiUrl: `${http.url}/api`, apiToken },
    socketUrl: sockets && `ws://127.0.0.1:${port}/${sockets.stage}`,
    closeSockets,
  };
}

function socketsOf(apis: Model['socketApis'], { invoke, connections, limits }: ApiOptions) {
  const [api, ...others] = apis;
  if (others.length > 0) throw new Error(`The template has ${apis.length} WebSocket APIs; the local stack runs at most one`);
  return api ? { ...startSocketApi(api, { invoke, connections, limits }), stage: api.stage } : null;
}

const noAuthorizer: Authorizer = { id: 'none', issuer: 'http://127.0.0.1', audience: ['local'] };

async function checked(url: string, headers: Record<string, string>): Promise<void> {
  const { status } = await fetch(url, { headers });
  if (status >= 400) throw new Error(`${url} answers ${status}. The functions' logs (logs/ in the data folder) say why.`);
}
