/** A cursor of another list is rejected, and never shows another source. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledger } from '#adapters/dynamodb/actions/ledger';
import { putAll } from '#adapters/dynamodb/batch-requests';
import { encodeCursor } from '#adapters/dynamodb/cursor';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { deviceStore } from '#adapters/dynamodb/devices/devices';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import { aDevice } from '#test/functions/portal-events/portal-side';

let database: TestDatabase;
beforeAll(async () => {
  database = await startDynamoDb();
});
afterAll(() => database.stop());

/** As the list of the actions of one device gives it. */
const ofDevice = encodeCursor({ actionId: 'a', deviceKey: 'cloud|user|A', requestedAt: 1 });

test('the list of all actions', async () => {
  await expect(ledger(database.client, database.tables).list({ cursor: ofDevice })).rejects.toMatchObject({
    name: 'CursorError',
  });
});

test('the list of enrolments', async () => {
  await expect(enrolmentStore(database.client, database.tables, 24).list(ofDevice)).rejects.toMatchObject({
    name: 'CursorError',
  });
});

test('the devices of one source, with a cursor of another', async () => {
  const devices = [1, 2, 3].flatMap((n) =>
    ['cloud', 'hq'].map((sourceId) => aDevice({ sourceId, user: `U${n}`, deviceId: `D${n}` })),
  );
  await putAll(database.client, database.tables.devices, devices.map(deviceItem));
  const store = deviceStore(database.client, database.tables.devices);
  const { cursor } = await store.listDevices({ source: 'hq', limit: 1 }, ['cloud', 'hq']);
  const page = await store
    .listDevices({ source: 'cloud', limit: 10, cursor: cursor ?? '' }, ['cloud', 'hq'])
    .catch((error: Error) => ({ devices: [], refused: error.name }));
  expect(page.devices.filter(({ sourceId }) => sourceId === 'hq')).toEqual([]);
});
