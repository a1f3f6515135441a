/** The portal's side of the product on real stores and queues, for the tests of its events and of the API. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { bulkStore } from '#adapters/dynamodb/actions/bulks';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { sqsQueue } from '#adapters/queues';
import type { Device, DeviceKey } from '#domain/devices/device';
import type { Enrolment } from '#domain/enrolment/enrolment';
import { enrolmentsMessage } from '#domain/messages/queue-messages';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import { startDynamoDb } from '#test/fixtures/dynamodb';
import { startQueues } from '#test/fixtures/queues';
import { bulkRequests } from '#use-cases/actions/stage-bulk';
import { requestsOf } from '#use-cases/portal-use-cases';

export const configuration = runtimeConfiguration.parse({
  sources: [
    { id: 'cloud', kind: 'smartcloud', url: 'https://traveler.example.com', credentials: { secretName: 'cloud' } },
    { id: 'hq', kind: 'traveler' },
  ],
});
export const start = Date.UTC(2026, 2, 1, 8);

export async function startPortalSide() {
  const [database, queues] = await Promise.all([startDynamoDb(), startQueues()]);
  const clock = { now: start };
  const { tables, client } = database;
  const environment = {
    DEVICES_TABLE: tables.devices,
    ENROLMENTS_TABLE: tables.enrolments,
    ACTIONS_TABLE: tables.actions,
    JOURNAL_TABLE: tables.journal,
    CONTROL_TABLE: tables.control,
    GATHER_QUEUE_URL: queues.urls.gather,
    // Both lanes in one queue each; which lane is used is tested in lanes.test.ts.
    EVALUATIONS_QUEUE_URL: queues.urls.evaluations,
    BULK_EVALUATIONS_QUEUE_URL: queues.urls.evaluations,
    ACTIONS_QUEUE_URL: queues.urls.actions,
    BULK_ACTIONS_QUEUE_URL: queues.urls.actions,
    ENROLMENTS_QUEUE_URL: queues.urls.enrolments,
  };
  const requests = requestsOf(environment, configuration, { dynamodb: client, sqs: queues.client, now: () => clock.now });
  const bulks = bulkRequests({
    bulks: bulkStore(client, tables),
    bulkQueue: sqsQueue(queues.urls.bulks, queues.client),
    now: () => clock.now,
  });
  return {
    database,
    queues,
    clock,
    environment,
    requests,
    bulks,
    async store(device: Device) {
      await client.send(new PutCommand({ TableName: tables.devices, Item: deviceItem(device) }));
    },
    /** Works the enrolments queue off, as its function does. */
    async takeWhole() {
      for (const body of await queues.drain('enrolments')) await requests.takeWaiting(enrolmentsMessage.parse(body));
    },
    async stop() {
      await Promise.all([database.stop(), queues.stop()]);
    },
  };
}
export type PortalSide = Awaited<ReturnType<typeof startPortalSide>>;

export const janes: DeviceKey = { sourceId: 'cloud', user: 'Jane Doe/Acme', deviceId: 'ABC123' };

export function aDevice(key: Partial<DeviceKey> = {}, more: Partial<Device> = {}): Device {
  return {
    ...janes,
    ...key,
    provider: 'iPhone',
    type: 'Apple-iPhone7C2/1403.92',
    level: '',
    notification: '',
    lastSync: null,
    href: '/api/traveler/devices/1',
    detail: null,
    presence: 'present',
    missingSince: null,
    firstSeen: start - 1000,
    registeredAt: start - 1000,
    observedAt: start - 1000,
    observedSeq: 1,
    baselineRun: null,
    denial: null,
    openAction: null,
    verdict: null,
    match: null,
    heldSince: null,
    ...more,
  };
}

export function anEnrolment(more: Partial<Enrolment> = {}): Enrolment {
  return {
    id: 'E1',
    user: { email: 'jane@acme.com', name: 'Jane Doe' },
    platform: 'iOS',
    status: 'Enrolled',
    mailDeviceIds: ['ABC123'],
    mailConfiguration: 'pushed',
    changedAt: start - 5000,
    version: 1,
    ...more,
  };
}
