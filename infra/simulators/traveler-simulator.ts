/**
 * A Traveler server (SmartCloud, or on premises) on one machine: the real protocol over a real socket, faults on request, no real phones.
 * Loopback only. The same seed produces the same devices. For demos, tests and benches; shipped to users as `npm run simulator`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { close, listen } from '#infra/emulator/listen';
import { consoleControl } from './domino/control.ts';
import { type ConsoleEffect, Domino } from './domino/domino.ts';
import type { ConsoleFaultInput } from './domino/faults.ts';
import { answer, failed, isAuthorized, kindOf, type Reply } from './traveler/answer.ts';
import { type Counts, control, newPhone } from './traveler/control.ts';
import type { FaultInput } from './traveler/faults.ts';
import type { Change, SimulatedDevice } from './traveler/fleet.ts';
import { delayed, instead, send } from './traveler/misbehave.ts';
import type { Phone } from './traveler/phones.ts';
import { hash32 } from './traveler/random.ts';
import { type Effect, type ServerSettings, Traveler, type TravelerOptions } from './traveler/traveler.ts';

export type { FaultInput } from './traveler/faults.ts';
export type { SimulatedDevice } from './traveler/fleet.ts';
export type { PhoneKind } from './traveler/phones.ts';
export type { Effect } from './traveler/traveler.ts';
export type { ConsoleEffect, ConsoleFaultInput };

export type SimulatorOptions = Partial<TravelerOptions> & {
  /** 0 (default): any free port. */
  port?: number;
  user?: string;
  password?: string;
  faults?: readonly FaultInput[];
  /** New phones that register by themselves, each for a user drawn from the seed. */
  arrivalsPerMinute?: number;
};

type PhoneOptions = { kind?: Phone['kind']; deviceId?: string };

export type TravelerSimulator = {
  /** The url for a source in a configuration; ends with the base path, without a slash. */
  readonly url: string;
  readonly port: number;
  readonly credentials: { user: string; password: string };
  /** Every write received, oldest first. */
  readonly effects: readonly Effect[];
  /** Requests received by kind, and the most that were in progress at once. */
  readonly counts: Counts;
  settings: ServerSettings;
  readonly deviceCount: number;
  /** By index, from 0 to below the number of devices ever added, present or not. */
  deviceAt(index: number): SimulatedDevice;
  find(user: string, deviceId: string): SimulatedDevice | undefined;
  devicesOf(user: string): SimulatedDevice[];
  setFaults(faults: readonly FaultInput[]): void;
  /** The console of the Domino server that Traveler runs on. `command`: the command with which a relay sends it a line. */
  readonly console: { readonly effects: readonly ConsoleEffect[]; readonly command: readonly string[] };
  setConsoleFaults(faults: readonly ConsoleFaultInput[]): void;
  arrive(user: string, phone?: PhoneOptions): SimulatedDevice;
  adminApprove(device: SimulatedDevice): void;
  adminDeny(device: SimulatedDevice): void;
  adminChange(device: SimulatedDevice, change: Change): void;
  removeDevice(device: SimulatedDevice): void;
  /** The phone carries out the requested wipe. */
  completeWipe(device: SimulatedDevice): void;
  /** The phone fetches the wipe, and has not carried it out yet. */
  fetchWipe(device: SimulatedDevice): void;
  /** Upgrades the mail client of `count` devices, spread over the list. */
  upgradeSome(count: number): void;
  setPassword(password: string): void;
  stop(): Promise<void>;
};

const defaults: TravelerOptions = {
  release: '9',
  seed: 1,
  devices: 700,
  basePath: '',
  build: '12.0.2.1 Build 202311071200_30',
  requireApproval: false,
  devicesBeforeApproval: 0,
  deniedShare: 0.02,
  now: Date.now,
};

export async function startTravelerSimulator(options: SimulatorOptions = {}): Promise<TravelerSimulator> {
  const { port = 0, user = 'extender', password = 'pässwörd', faults = [], arrivalsPerMinute = 0, ...given } = options;
  const traveler = new Traveler({ ...defaults, ...given });
  traveler.setFaults(faults);
  const credentials = { user, password };
  const counts: Counts = { requests: {}, mostAtOnce: 0 };
  const stopping = new AbortController();
  const domino = new Domino(traveler);
  const serving = { traveler, domino, credentials, counts, signal: stopping.signal };
  const server = createServer({ keepAliveTimeout: 60_000 }, serve(serving));
  const opened = await listen(server, port);
  const arrivals = arrivalsPerMinute > 0 ? setInterval(() => arriveSomewhere(traveler), 60_000 / arrivalsPerMinute) : undefined;
  arrivals?.unref();
  return {
    url: `http://127.0.0.1:${opened}${traveler.options.basePath}`,
    port: opened,
    credentials,
    counts,
    ...administration(traveler),
    console: { effects: domino.effects, command: consoleCommand(opened) },
    setConsoleFaults: (consoleFaults) => domino.faults.set(consoleFaults),
    get effects() {
      return traveler.effects;
    },
    get settings() {
      return traveler.settings;
    },
    set settings(wanted) {
      traveler.settings = wanted;
    },
    get deviceCount() {
      return traveler.fleet.count;
    },
    setPassword: (changed) => {
      credentials.password = changed;
    },
    stop: () => {
      domino.stop();
      return stop(server, stopping, arrivals);
    },
  };
}

function administration(traveler: Traveler) {
  const { fleet } = traveler;
  return {
    deviceAt: (index: number) => fleet.device(index),
    find: (user: string, deviceId: string) => fleet.find(user, deviceId),
    devicesOf: (user: string) => fleet.ofUser(user),
    setFaults: (faults: readonly FaultInput[]) => traveler.setFaults(faults),
    arrive: (user: string, phone: PhoneOptions = {}) => traveler.arrive(user, newPhone(traveler, phone)),
    adminApprove: ({ index }: SimulatedDevice) => fleet.change(index, { approval: 2, access: 0, approver: 'admin' }),
    adminDeny: ({ index }: SimulatedDevice) => fleet.change(index, { approval: 8, access: 1, approver: 'admin' }),
    adminChange: ({ index }: SimulatedDevice, change: Change) => fleet.change(index, change),
    removeDevice: ({ index }: SimulatedDevice) => traveler.remove(index),
    fetchWipe: ({ index }: SimulatedDevice) => traveler.fetchWipe(index),
    completeWipe: ({ index }: SimulatedDevice) => traveler.completeWipe(index),
    upgradeSome: (count: number) => upgradeSome(traveler, count),
  };
}

const serverProgram = fileURLToPath(import.meta.resolve('./domino/server.ts'));
const consoleCommand = (port: number): string[] => [
  process.execPath,
  serverProgram,
  '--simulator',
  `http://127.0.0.1:${port}`,
  '-c',
  '{line}',
];

type Serving = {
  traveler: Traveler;
  domino: Domino;
  credentials: { user: string; password: string };
  counts: Counts;
  signal: AbortSignal;
};

function serve({ traveler, domino, credentials, counts, signal }: Serving) {
  let underWay = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? 'GET';
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const body = method === 'GET' ? '' : await text(request);
    if (url.pathname.startsWith('/simulator/console'))
      return sendControl(response, consoleControl(domino, { method, path: url.pathname, body }));
    if (url.pathname.startsWith('/simulator')) return sendControl(response, control(traveler, { method, url, body, counts }));
    const kind = kindOf(method, withoutBase(url.pathname, traveler.options.basePath), traveler.options.release);
    const active = kind ? traveler.faults.strike(kind) : new Map();
    counts.requests[kind ?? 'other'] = (counts.requests[kind ?? 'other'] ?? 0) + 1;
    await delayed(active, signal);
    send(response, reply(), { active, date: traveler.now() });

    function reply(): Reply {
      if (!kind) return failed(404, url.pathname);
      const replaced = instead(active);
      if (replaced) return replaced;
      const authorization = request.headers.authorization ?? '';
      if (kind !== 'status' && !isAuthorized(authorization, credentials)) return failed(401, url.pathname);
      return answer(traveler, kind, { method, url, authorization, body });
    }
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    underWay += 1;
    counts.mostAtOnce = Math.max(counts.mostAtOnce, underWay);
    response.on('close', () => {
      underWay -= 1;
    });
    // A request that ends early, by its client or by the simulator's stop, gets no response.
    handle(request, response).catch(() => response.destroy());
  };
}

function withoutBase(path: string, basePath: string): string {
  return path.startsWith(basePath) ? path.slice(basePath.length) : '';
}

function sendControl(response: ServerResponse, { status, body }: { status: number; body: unknown }): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Adds a phone to a user who has devices already, chosen by the seed and the number of arrivals so far. */
function arriveSomewhere(traveler: Traveler): void {
  const { fleet, options } = traveler;
  const at = fleet.count === 0 ? 0 : hash32(fleet.nextKey(), options.seed) % fleet.count;
  traveler.arrive(fleet.device(fleet.indexAt(at)).user);
}

function upgradeSome({ fleet, options }: Traveler, count: number): void {
  const step = Math.max(1, Math.floor(fleet.count / Math.max(1, count)));
  for (let nth = 0; nth < count; nth++) fleet.change(fleet.indexAt(nth * step), { level: `upgraded ${options.now()}` });
}

async function stop(server: Server, stopping: AbortController, arrivals: NodeJS.Timeout | undefined): Promise<void> {
  clearInterval(arrivals);
  stopping.abort();
  await close(server);
}
