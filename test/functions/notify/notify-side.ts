/** The product's real stores, a journal written by hand, and the notices between them, with a clock advanced by hand. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { deviceStore } from '#adapters/dynamodb/devices/devices';
import { leaseStore } from '#adapters/dynamodb/gather/leases';
import { chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { noticeStore } from '#adapters/dynamodb/journal/notices';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import type { Mail } from '#adapters/mail';
import type { Device } from '#domain/devices/device';
import { defaultSettings } from '#domain/quarantine/settings';
import { type NotifyDependencies, notify } from '#functions/notify/notify';
import { startDynamoDb } from '#test/fixtures/dynamodb';
import { aStoredDevice } from '#test/functions/upload/portal-side';

export type Side = Awaited<ReturnType<typeof startSide>>;

export async function startSide() {
  const clock = { now: Date.parse('2026-03-02T08:00:00Z') };
  const now = () => clock.now;
  const database = await startDynamoDb();
  const { client, tables } = database;
  const chain = chainStore(client, tables.journal);
  const timeline = timelineStore(client, tables.journal);
  const addresses = { to: ['admin@acme.example'] };
  const mails: Mail[] = [];
  const dependencies: NotifyDependencies = {
    sourceIds: ['cloud'],
    consoleUrl: 'https://console.example/',
    chain,
    devices: deviceStore(client, tables.devices),
    notices: noticeStore(client, tables.control),
    settings: { current: async () => ({ settings: { ...defaultSettings, notify: addresses.to } }) },
    timeline,
    leases: leaseStore(client, tables.control),
    send: async (mail) => {
      mails.push(mail);
    },
    now,
  };

  async function put(device: Device): Promise<void> {
    await client.send(new PutCommand({ TableName: tables.devices, Item: deviceItem(device) }));
  }

  async function line(device: Device, kind: string, data: Record<string, unknown>): Promise<void> {
    const { sourceId, user, deviceId } = device;
    const id = `${kind}|${user}|${deviceId}|${clock.now}`;
    await chain.append(sourceId, [{ lineId: id, sourceId, user, deviceId, at: clock.now, id, kind, says: '', data }]);
  }

  return {
    clock,
    mails,
    addresses,
    dependencies,
    timeline,
    notices: dependencies.notices,
    run: notify(dependencies),
    /** Lines of the journal about devices that are not held. */
    async fill(count: number): Promise<void> {
      const about = {
        sourceId: 'cloud',
        user: 'User 9/Acme',
        deviceId: 'Appl9',
        at: clock.now,
        kind: 'sync',
        says: '',
        data: {},
      };
      const ids = Array.from({ length: count }, (_, index) => `filler|${clock.now}|${index}`);
      await chain.append(
        'cloud',
        ids.map((id) => ({ ...about, lineId: id, id })),
      );
    },
    /** As an evaluation leaves a device that is newly held. */
    async hold(number: number, differing: Partial<Device> = {}): Promise<Device> {
      const why = 'third of 2 allowed';
      const device = aStoredDevice(number, {
        heldSince: clock.now,
        firstSeen: clock.now - 60_000,
        verdict: {
          verdict: 'hold',
          rule: 'over-allowance',
          evidence: why,
          wouldChange: '',
          settingsVersion: 1,
          decidedAt: clock.now,
          inputsDigest: 'x',
        },
        ...differing,
      });
      await put(device);
      await line(device, 'verdict', {});
      await line(device, 'quarantined', { heldSince: clock.now, rule: 'over-allowance', evidence: why });
      return device;
    },
    async release(device: Device): Promise<void> {
      await put({ ...device, heldSince: null });
      await line(device, 'released', { heldSince: device.heldSince });
    },
    stop: () => database.stop(),
  };
}
