/** What the doctor examines: the locations, and the probes that several checks share, each run once, on first use. */
import type { RelayPaths } from '../cli/paths.ts';
import { loadConfiguration, type RelayConfiguration } from '../configuration/load.ts';
import { type Identity, readIdentity } from '../identity/identity.ts';
import { askConsole, type Reply } from './probes/console-reply.ts';
import { type Hop, type Line, lineTo } from './probes/egress-route.ts';
import { type FirstPage, readFirstPage } from './probes/first-page.ts';
import { type Handshake, handshake } from './probes/handshake.ts';
import { openTunnel, type Tunnel } from './probes/proxy-tunnel.ts';
import { type RelayHere, relayOn } from './probes/running-relay.ts';
import { reachTls, type TlsEnd } from './probes/tls-peer.ts';

export type DoctorContext = {
  places: RelayPaths;
  platform: NodeJS.Platform;
  /** Throws RelayRefusal. */
  configuration(): RelayConfiguration;
  /** Throws RelayRefusal. */
  identity(): Identity;
  relayHere(): Promise<RelayHere>;
  line(): Line;
  tunnel(): Promise<Tunnel>;
  tls(): Promise<TlsEnd>;
  handshake(): Promise<Handshake>;
  firstPage(): Promise<FirstPage>;
  consoleReply(): Promise<Reply>;
  /** Timeout of each network operation, ms. */
  timeoutMs: number;
};
export type { Hop };

type Given = { places: RelayPaths; environment: NodeJS.ProcessEnv; platform: NodeJS.Platform; timeoutMs: number };

export function doctorContextOf({ places, environment, platform, timeoutMs }: Given): DoctorContext {
  const configuration = once(() => loadConfiguration(places.config, { environment, platform }));
  const identity = once(() => readIdentity(places.data));
  const line = once(() => lineTo(identity().socketUrl, { proxy: configuration().proxy, environment }));
  const tunnel = once(() => openTunnel(line(), { timeoutMs, ca: configuration().ca }));
  return {
    places,
    platform,
    timeoutMs,
    configuration,
    identity,
    line,
    tunnel,
    relayHere: once(() => relayOn(places.data)),
    tls: once(async () => reachTls(line(), { timeoutMs, ca: configuration().ca })),
    handshake: once(() => handshake(identity(), { configuration: configuration(), timeoutMs })),
    firstPage: once(() => readFirstPage(configuration(), { timeoutMs: timeoutMs * 2 })),
    consoleReply: once(() => askConsole(configuration().console)),
  };
}

function once<T>(read: () => T): () => T {
  let kept: { value: T } | null = null;
  return () => {
    kept ??= { value: read() };
    return kept.value;
  };
}
