/** Like undici-client.js, for the relay's bundle: with the WebSocket and support for a proxy. */
import Client from '../../node_modules/undici/lib/dispatcher/client.js';
import EnvHttpProxyAgent from '../../node_modules/undici/lib/dispatcher/env-http-proxy-agent.js';
import global from '../../node_modules/undici/lib/global.js';
import websocket from '../../node_modules/undici/lib/web/websocket/websocket.js';

export { Dispatcher, errors, Pool } from './undici-client.js';

/** Like undici's `request`, for a URL without credentials. */
export function request(url, { dispatcher = global.getGlobalDispatcher(), ...options } = {}) {
  const { origin, pathname, search } = new URL(url);
  return dispatcher.request({ method: 'GET', ...options, origin, path: `${pathname}${search}` });
}

const { WebSocket } = websocket;

export { Client, EnvHttpProxyAgent, WebSocket };
