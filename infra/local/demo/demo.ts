/**
 * The demo: a SmartCloud server with 300 users and 700 devices, a server on premises behind a real relay process, phones that
 * appear while you watch, and a portal that enrols some of them. The portal talks to the product like a real one: through
 * PutEvents on its bus.
 */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { isRelayed } from '#domain/devices/source-kinds';
import type { LocalConfiguration } from '#domain/runtime/configuration';
import { localConfiguration } from '#domain/runtime/configuration';
import { type ApiClient, apiClient } from '#infra/cli/api-client';
import { status } from '#infra/cli/api-shapes';
import type { ReadyFacts } from '#infra/cli/ready-file';
import type { Terminal } from '#infra/cli/terminal';
import { enrolmentFor } from '#infra/simulators/enrolments';
import { startPortalSimulator } from '#infra/simulators/portal/portal-simulator';
import type { SimulatedDevice } from '#infra/simulators/traveler-simulator';
import { type DemoRelay, startDemoRelay } from './demo-relay.ts';
import { type DemoServer, startDemoServer } from './demo-server.ts';

export type Demo = {
  configuration: LocalConfiguration;
  /** Starts the portal and the arrival of phones. */
  begin(facts: ReadyFacts, screen: Pick<Terminal, 'event' | 'problem'>): void;
  stop(): Promise<void>;
};
type Portal = { send(type: string, details: unknown[]): Promise<void>; stop(): void };

const sourceId = 'demo';
const onPremId = 'hq';
/** Fast at first, then slow; bounded, so that a demo left running for days does not grow without limit. */
const pace = { first: 20, firstMs: 6000, laterMs: 30_000, most: 400 };
const enrolledAfterMs = 5000;

export async function prepareDemo(dataDir: string): Promise<Demo> {
  const server = await startDemoServer(dataDir);
  const { simulator } = server;
  const onPrem = await startDemoServer(dataDir, 'hq');
  const portalServer = await startPortalSimulator();
  const configuration = localConfiguration.parse({
    sources: [
      { id: sourceId, kind: 'smartcloud', url: simulator.url, credentials: simulator.credentials },
      { id: onPremId, kind: 'traveler' },
    ],
    gatherEveryMinutes: 1,
    settings: {
      requireApproval: 'on',
      notify: ['admin@acme.example'],
      devicesPerUser: 2,
      autoApproveEnrolled: true,
      autoApproveVerse: true,
    },
    portal: { url: portalServer.url, token: portalServer.token },
    mail: { from: 'extender@acme.example' },
  });
  const timers = new Set<NodeJS.Timeout>();
  let portal: Portal | null = null;
  let relay: Promise<DemoRelay> | null = null;
  return {
    configuration,
    begin(facts, screen) {
      portal = portalOn(facts);
      const schedule = (ms: number, act: () => Promise<void>) => {
        const timer = setTimeout(() => {
          timers.delete(timer);
          act().catch((error: Error) => screen.problem(`demo: ${error.message}`));
        }, ms);
        timers.add(timer);
      };
      const running = { server, onPrem, portal, screen, schedule };
      const api = apiClient({ url: facts.apiUrl, token: facts.apiToken });
      relay = startDemoRelay({ dataDir, sourceId: onPremId, simulator: onPrem.simulator, facts, api, screen });
      relay.catch((error: Error) => screen.problem(`demo relay: ${error.message}`));
      schedule(0, () =>
        afterFirstGather(api, schedule, async () => {
          await sendSnapshot(running.portal, server);
          schedule(pace.firstMs, () => addPhone(running, 0));
        }),
      );
    },
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      portal?.stop();
      await relay?.then(
        ({ stop }) => stop(),
        () => undefined,
      );
      await portalServer.stop();
      await Promise.all([server.stop(), onPrem.stop()]);
    },
  };
}

type Running = {
  server: DemoServer;
  onPrem: DemoServer;
  portal: Portal;
  screen: Pick<Terminal, 'event' | 'problem'>;
  schedule: (ms: number, act: () => Promise<void>) => void;
};

/** The portal starts after the first gather and its verdicts, so that it does not delay them. */
async function afterFirstGather(api: ApiClient, schedule: Running['schedule'], act: () => Promise<void>): Promise<void> {
  const { sources, queues } = await api.get('/status', status);
  const busy = Object.values(queues).some(({ waiting, inWork }) => waiting + inWork > 0);
  // A relay that cannot start is reported elsewhere; the rest of the demo does not wait for it.
  if (!busy && sources.every((source) => source.lastGather || isRelayed(source))) return act();
  schedule(500, () => afterFirstGather(api, schedule, act));
}

/** Adds a phone to a user who has some already, every third one on premises; two of three are enrolled soon after. */
async function addPhone(running: Running, nth: number): Promise<void> {
  const { portal, screen, schedule } = running;
  const [server, where] = nth % 3 === 2 ? [running.onPrem, onPremId] : [running.server, sourceId];
  const { simulator, initial } = server;
  const { user } = simulator.deviceAt((simulator.deviceCount * 37) % initial);
  const phone = simulator.arrive(user);
  screen.event(`phone: ${user} turns up with ${phone.provider}${where === onPremId ? ' on premises' : ''}`);
  await portal.send('GatherRequested', [{ sourceId: where }]);
  if (phone.index % 3 !== 0) schedule(enrolledAfterMs, () => enrol(running, { phone, server }));
  if (simulator.deviceCount - initial < pace.most)
    schedule(nth < pace.first ? pace.firstMs : pace.laterMs, () => addPhone(running, nth + 1));
}

async function enrol(
  { portal, screen }: Running,
  { phone, server }: { phone: SimulatedDevice; server: DemoServer },
): Promise<void> {
  server.enrolled.add(phone.index);
  screen.event(`portal: the ${phone.provider} of ${phone.user} is enrolled`);
  await portal.send('EnrolmentChanged', [{ enrolment: enrolmentFor(phone, { at: Date.now() }) }]);
}

/** A portal's first message: all its enrolments. One in seven of the first phones is enrolled. */
async function sendSnapshot(portal: Portal, { simulator, initial, enrolled }: DemoServer): Promise<void> {
  const at = Date.now();
  const known = Array.from({ length: initial / 7 }, (_, nth) => nth * 7).concat([...enrolled]);
  const enrolments = known.map((index) => enrolmentFor(simulator.deviceAt(index), { at }));
  const parts = Math.ceil(enrolments.length / snapshotPart);
  const details = Array.from({ length: parts }, (_, part) => ({
    snapshotId: `demo-${at}`,
    part: part + 1,
    parts,
    enrolments: enrolments.slice(part * snapshotPart, (part + 1) * snapshotPart),
  }));
  await portal.send('EnrolmentSnapshot', details);
}
const snapshotPart = 100;

function portalOn({ endpoints, busName }: ReadyFacts): Portal {
  const credentials = { accessKeyId: 'portal', secretAccessKey: 'local' };
  const bus = new EventBridgeClient({ endpoint: endpoints.events, region: 'us-east-1', credentials });
  return {
    async send(type, details) {
      for (const detail of details) {
        const entry = { EventBusName: busName, Source: 'portal', DetailType: type, Detail: JSON.stringify(detail) };
        const { Entries } = await bus.send(new PutEventsCommand({ Entries: [entry] }));
        if (Entries?.[0]?.ErrorCode) throw new Error(`the bus refused ${type}: ${Entries[0].ErrorMessage}`);
      }
    },
    stop: () => bus.destroy(),
  };
}
