/** A simulated portal, the product's real stores, and the upload between them, with a clock advanced by hand. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { deviceStore } from '#adapters/dynamodb/devices/devices';
import { leaseStore } from '#adapters/dynamodb/gather/leases';
import { chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { uploadStore } from '#adapters/dynamodb/journal/uploads';
import { portal } from '#adapters/portal/portal';
import type { Device } from '#domain/devices/device';
import type { JournalLine } from '#domain/journal/hash-chain';
import { type UploadedDevice, uploaded } from '#domain/outbound/upload';
import { upload } from '#functions/upload/upload';
import { startPortalSimulator } from '#infra/simulators/portal/portal-simulator';
import { startDynamoDb } from '#test/fixtures/dynamodb';

export const minute = 60_000;
export const hour = 60 * minute;

export function aStoredDevice(number: number, differing: Partial<Device> = {}): Device {
  return {
    sourceId: 'cloud',
    user: `User ${number % 50}/Acme`,
    deviceId: `Appl${number}`,
    provider: 'Apple iPhone',
    type: 'Apple-iPhone',
    level: '',
    notification: '',
    lastSync: null,
    href: `/api/traveler/devices/${number}`,
    detail: null,
    presence: 'present',
    missingSince: null,
    firstSeen: 1_770_000_000_000,
    registeredAt: 1_770_000_000_000,
    observedAt: 1_770_000_000_000,
    observedSeq: 0,
    baselineRun: null,
    denial: null,
    openAction: null,
    verdict: null,
    match: null,
    heldSince: null,
    ...differing,
  };
}

export type Side = Awaited<ReturnType<typeof startSide>>;

export async function startSide({ sourceIds = ['cloud'] }: { sourceIds?: string[] } = {}) {
  const clock = { now: Date.parse('2026-03-02T08:00:00Z') };
  const now = () => clock.now;
  const database = await startDynamoDb();
  const simulator = await startPortalSimulator({ now });
  const { client, tables } = database;
  const chain = chainStore(client, tables.journal);
  const uploads = uploadStore(client, tables.control, simulator.url);
  const adapter = portal({ url: simulator.url, token: async () => simulator.token, now });
  const dependencies = {
    sourceIds,
    chain,
    devices: deviceStore(client, tables.devices),
    uploads,
    leases: leaseStore(client, tables.control),
    portal: adapter,
    now,
    random: () => 1,
  };
  const ours = new Map<string, Device>();
  let lines = 0;

  /** As a gather or an evaluation leaves them: the devices stored, and then their lines in the chain. */
  async function changeAll(devices: readonly Device[], kind: JournalLine['kind']): Promise<void> {
    for (const device of devices) ours.set(`${device.sourceId}|${device.user}|${device.deviceId}`, device);
    const put = (device: Device) => client.send(new PutCommand({ TableName: tables.devices, Item: deviceItem(device) }));
    await pMap(devices, put, { concurrency: 16 });
    for (const [sourceId, some] of Map.groupBy(devices, (device) => device.sourceId))
      await chain.append(
        sourceId,
        some.map(({ user, deviceId }) => {
          lines += 1;
          const id = `line-${lines}`;
          return { lineId: id, sourceId, user, deviceId, at: clock.now, id, kind, says: '', data: {} };
        }),
      );
  }

  return {
    clock,
    database,
    simulator,
    uploads,
    chain,
    dependencies,
    changeAll,
    change: (device: Device, kind: JournalLine['kind'] = 'changed') => changeAll([device], kind),
    run: () => upload(dependencies)({ until: clock.now + minute }),
    /** Our list of a source, as the portal should have it. */
    list: (sourceId = 'cloud'): UploadedDevice[] =>
      [...ours.values()].filter((one) => one.sourceId === sourceId && one.presence !== 'removed').map(uploaded),
    async stop() {
      await adapter.close();
      await simulator.stop();
      await database.stop();
    },
  };
}

export const noDrift = { missing: [], surplus: [], different: [] };
