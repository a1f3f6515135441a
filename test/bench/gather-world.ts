/** What the gather rows measure on: a simulator in its own process, a real database in its own, and the gather in this one. */
import { setTimeout as pause } from 'node:timers/promises';
import { slotStore } from '#adapters/dynamodb/actions/concurrency-slots';
import { putAll } from '#adapters/dynamodb/batch-requests';
import { meterCapacity, type Units } from '#adapters/dynamodb/client';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { observedDevices } from '#adapters/dynamodb/devices/observed-devices';
import { leaseStore } from '#adapters/dynamodb/gather/leases';
import { manifestStore } from '#adapters/dynamodb/gather/manifests';
import { runIdOf, runStore } from '#adapters/dynamodb/gather/runs';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { settingsReader } from '#adapters/dynamodb/settings/settings-reader';
import { deviceHash } from '#adapters/fingerprint';
import { type TravelerSource, travelerSource } from '#adapters/traveler/source';
import type { ListedDevice } from '#domain/devices/device';
import type { GatherRun } from '#domain/devices/source';
import { isDue } from '#domain/gather/gather-schedule';
import { readManifest } from '#domain/gather/manifest';
import { observe } from '#domain/gather/observe-device';
import { rowFingerprint } from '#domain/gather/row-fingerprint';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import { gather } from '#functions/gather/gather';
import { clientOf, startDynamoDb } from '#test/fixtures/dynamodb';
import { relaySide } from '#test/fixtures/relay-side';
import { forkSimulator } from './simulator-process.ts';

export const concurrency = 16;
export const quarterHour = 15 * 60_000;
const day = 96 * quarterHour;

export type Timed = { run: GatherRun; ms: number; units: { devices: Units; control: Units } };
export type GatherWorld = Awaited<ReturnType<typeof gatherWorld>>;

/** The clock of gather and server starts now and moves a quarter of an hour at each `later()`. */
export async function gatherWorld(devices: number) {
  const [simulator, database] = await Promise.all([forkSimulator(devices), startDynamoDb()]);
  const [devicesClient, controlClient] = [clientOf(database.endpoint), clientOf(database.endpoint)];
  const meters = { devices: meterCapacity(devicesClient), control: meterCapacity(controlClient) };
  const { control } = database.tables;
  const credentials = { secretName: 'none' };
  const configuration = runtimeConfiguration.parse({
    sources: [{ id: 'cloud', kind: 'smartcloud', url: simulator.url, credentials, concurrency }],
  });
  const traveler = travelerSource({ baseUrl: simulator.url, credentials: async () => simulator.credentials, concurrency });
  let ahead = 0;
  let runs = 0;
  const now = () => Date.now() + ahead;
  const nothing = { send: async () => undefined };
  const stores = {
    slots: slotStore(controlClient, control),
    leases: leaseStore(controlClient, control),
    runs: runStore(controlClient, control, database.tables.journal),
    sources: sourceStore(controlClient, control),
    manifests: manifestStore(controlClient, control),
    settings: settingsReader(controlClient, control, configuration.settings),
    timeline: timelineStore(devicesClient, database.tables.journal),
    devices: observedDevices(devicesClient, database.tables),
  };
  const relay = relaySide(controlClient, control, now);
  const gatherOnce = gather({
    ...stores,
    configuration,
    ...{ relayRuns: relay.relayRuns, link: relay.link },
    connect: () => traveler,
    ...{ gathers: nothing, evaluations: nothing, now },
    units: () => meters.control.units,
    pause: (ms) => pause(ms),
    every: () => () => undefined,
    log: (level, message) => console.error(level, message),
  });

  return {
    simulator,
    /** A quarter of an hour passes; unless they sleep, most phones sync in it. */
    async later({ asleep = false }: { asleep?: boolean } = {}) {
      ahead += quarterHour;
      if (!asleep) await simulator.send({ ahead });
    },
    async gather(): Promise<Timed> {
      meters.devices.reset();
      meters.control.reset();
      const requestedAt = now();
      const runId = runIdOf(requestedAt, String(++runs));
      const from = performance.now();
      await gatherOnce({ sourceId: 'cloud', runId, reason: 'request', requestedAt }, { remainingMs: () => 900_000 });
      const ms = performance.now() - from;
      const units = { devices: { ...meters.devices.units }, control: { ...meters.control.units } };
      const run = await stores.runs.read(runId);
      if (run?.state !== 'completed')
        throw new Error(`The gather to be measured did not complete: ${JSON.stringify(run?.problem)}`);
      return { run, ms, units };
    },
    /**
     * The result of a complete first gather, without reading each full record. Not timed. `dueWithinMs`: only devices whose full
     * record is due within that time are stored; others are never looked up by an unchanged fleet's gathers.
     */
    async seed({ dueWithinMs }: { dueWithinMs?: number } = {}) {
      await simulator.send({ faults: [{ kind: 'details-in-list' }] });
      const at = now();
      const window = { since: at, now: at + (dueWithinMs ?? day), period: day };
      await storeDevices(traveler, {
        at,
        wanted: (row) => isDue(deviceHash(row), window),
        put: (items) => putAll(devicesClient, database.tables.devices, items),
      });
      await simulator.send({ faults: [] });
      const before = await stores.manifests.read('cloud');
      const manifest = readManifest(before);
      for await (const page of traveler.pages())
        for (const row of page.devices) manifest.settle(deviceHash(row), rowFingerprint(row));
      await stores.manifests.commit('cloud', { ...manifest.changes(), paused: null }, { fence: 0, before });
      await stores.sources.update('cloud', { baselineRuns: ['seed'], lastCompleteGatherAt: now(), settingsSeen: '*|1', devices });
    },
    async stop() {
      await traveler.close();
      devicesClient.destroy();
      controlClient.destroy();
      await Promise.all([simulator.stop(), database.stop()]);
    },
  };
}

type Storing = {
  at: number;
  wanted(row: ListedDevice): boolean;
  put(items: Record<string, unknown>[]): Promise<void>;
};

async function storeDevices(traveler: TravelerSource, { at, wanted, put }: Storing): Promise<void> {
  const context = { sourceId: 'cloud', runId: 'seed', at, baseline: 'seed', baselineRuns: [] };
  for await (const page of traveler.pages()) {
    const items = page.devices.filter(wanted).map((row) => {
      const full = row.detail === null ? null : { detail: row.detail, askedAt: at };
      return deviceItem(observe(null, { row, full, rollUp: false }, context).device);
    });
    await put(items);
  }
}

/** The median: a single slow round on a shared machine does not matter. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The time when others use the machine little. Both sides of a ratio use the same measure. */
export function lowerQuartile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)] ?? Number.NaN;
}

/** At most that many of a hundred take longer. */
export function percentile(values: readonly number[], percent: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil((values.length * percent) / 100) - 1] ?? Number.NaN;
}
