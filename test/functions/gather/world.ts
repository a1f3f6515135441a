/** A source on a simulator, a real database, and queues that record what is sent: everything a gather uses. */

import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { slotStore } from '#adapters/dynamodb/actions/concurrency-slots';
import { meterCapacity } from '#adapters/dynamodb/client';
import { parseDevice } from '#adapters/dynamodb/devices/device-items';
import { observedDevices } from '#adapters/dynamodb/devices/observed-devices';
import { leaseStore } from '#adapters/dynamodb/gather/leases';
import { manifestStore } from '#adapters/dynamodb/gather/manifests';
import { runIdOf, runStore } from '#adapters/dynamodb/gather/runs';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { journalPk } from '#adapters/dynamodb/keys';
import { settingsReader } from '#adapters/dynamodb/settings/settings-reader';
import { settingsStore } from '#adapters/dynamodb/settings/settings-store';
import type { Queue } from '#adapters/queues';
import { travelerSource } from '#adapters/traveler/source';
import type { Device } from '#domain/devices/device';
import { timelineEntry } from '#domain/journal/timeline';
import { type EvaluationMessage, evaluationMessage, type GatherMessage, gatherMessage } from '#domain/messages/queue-messages';
import type { Settings } from '#domain/quarantine/settings';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import type { GatherDependencies } from '#functions/gather/dependencies';
import { gather } from '#functions/gather/gather';
import { startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { clientOf, startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import { relaySide } from '#test/fixtures/relay-side';

type Options = NonNullable<Parameters<typeof startTravelerSimulator>[0]> & {
  settings?: Partial<Settings>;
  enforcement?: 'server' | 'extender';
  /** Further ids of the same source, each with separate data. */
  alsoAs?: readonly string[];
};

export type World = Awaited<ReturnType<typeof startWorld>>;

/** Starts at noon of a fixed day; `world.clock.now` moves time for the gather and for the simulator. */
export async function startWorld({ settings = {}, enforcement = 'server', alsoAs = [], ...options }: Options = {}) {
  const clock = { now: Date.parse('2026-03-02T12:00:00Z') };
  const simulator = await startTravelerSimulator({ devices: 35, seed: 3, deniedShare: 0, now: () => clock.now, ...options });
  const database = await startDynamoDb();
  const credentials = { ...simulator.credentials };
  const smartcloud = (id: string) => ({
    ...{ id, kind: 'smartcloud', url: simulator.url, credentials: { secretName: 's' }, enforcement, concurrency: 8 },
  });
  const configuration = runtimeConfiguration.parse({
    sources: [...['cloud', ...alsoAs].map(smartcloud), { id: 'hq', kind: 'traveler' }],
    settings,
  });
  const evaluations: EvaluationMessage[] = [];
  const gathers: { message: GatherMessage; delaySeconds?: number }[] = [];
  const logged: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const client = clientOf(database.endpoint);
  const meter = meterCapacity(client);
  const traveler = travelerSource({
    baseUrl: simulator.url,
    credentials: async () => credentials,
    concurrency: 8,
    pageMultiplier: 1,
    retry: { tries: 2, baseMs: 1 },
    random: () => 0.5,
  });
  const { control } = database.tables;
  const runs = runStore(client, control, database.tables.journal);
  const timeline = timelineStore(client, database.tables.journal);
  const serverFacts = await traveler.serverFacts();
  const relay = relaySide(client, control, () => clock.now);
  const dependencies: GatherDependencies = {
    configuration,
    leases: leaseStore(client, control),
    runs,
    slots: slotStore(client, control),
    pause: async () => undefined,
    sources: sourceStore(client, control),
    manifests: manifestStore(client, control),
    timeline,
    devices: observedDevices(client, database.tables),
    settings: settingsReader(client, control, configuration.settings),
    relayRuns: relay.relayRuns,
    link: relay.link,
    connect: () => traveler,
    gathers: collect((body, delaySeconds) =>
      gathers.push({ message: gatherMessage.parse(body), ...(delaySeconds === undefined ? {} : { delaySeconds }) }),
    ),
    evaluations: collect((body) => evaluations.push(evaluationMessage.parse(body))),
    units: () => meter.units,
    now: () => clock.now,
    every: () => () => undefined,
    log: (level, message, fields) => logged.push({ level, message, fields }),
  };

  return {
    ...{ traveler, runs, timelineStore: timeline, serverFacts },
    ...{ clock, relay, simulator, database, configuration, dependencies, evaluations, gathers, logged, meter },
    message: (id: string, sourceId = 'cloud', reason: GatherMessage['reason'] = 'request'): GatherMessage => ({
      sourceId,
      runId: runIdOf(clock.now, id),
      reason,
      requestedAt: clock.now,
    }),
    /** One gather without a time limit, as another invocation of the same function would do it. */
    async gather(id = 'run', deps: Partial<GatherDependencies> = {}, remainingMs = () => 900_000) {
      const message = this.message(id);
      const outcome = await gather({ ...dependencies, ...deps })(message, { remainingMs });
      const run = await runStore(client, control).read(message.runId);
      if (run === null) throw new Error('the run was not recorded');
      return { outcome, run };
    },
    publish: async (wanted: Partial<Settings>) => {
      const store = settingsStore(client, database.tables, configuration);
      const { version, settings: current } = await store.current('cloud');
      const next = { ...current, ...wanted };
      await store.publish({ settings: next, scope: '*', replaces: version, publishedBy: 'a test', at: clock.now });
    },
    run: (runId: string) => runStore(client, control).read(runId),
    state: () => dependencies.sources.read('cloud'),
    devices: () => storedDevices(database),
    timeline: async (device: Device) => {
      const items = await everything(database, database.tables.journal);
      const own = items.filter((item) => item.pk === journalPk(device));
      return own.map((item) => timelineEntry.parse(item)).sort((a, b) => a.at - b.at);
    },
    async stop() {
      await traveler.close();
      await simulator.stop();
      client.destroy();
      await database.stop();
    },
  };
}

function collect(take: (body: unknown, delaySeconds?: number) => unknown): Queue {
  return {
    send: async (messages) => {
      for (const { body, delaySeconds } of messages) take(body, delaySeconds);
    },
  };
}

/** Sorted by user and device id. */
export async function storedDevices(database: TestDatabase): Promise<Device[]> {
  const items = await everything(database, database.tables.devices);
  const devices = items.filter((item) => String(item.sk).startsWith('device|')).map(parseDevice);
  return devices.sort((a, b) => (`${a.user}|${a.deviceId}` < `${b.user}|${b.deviceId}` ? -1 : 1));
}

async function everything({ client }: TestDatabase, table: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({ TableName: table, ConsistentRead: true, ...(from === undefined ? {} : { ExclusiveStartKey: from }) }),
    );
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
}

export const minutes = 60_000;
export const hours = 60 * minutes;
export type { TravelerSimulator };
