import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runStore } from '#adapters/dynamodb/gather/runs';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { relayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import { settingsStore } from '#adapters/dynamodb/settings/settings-store';
import { relayPresence } from '#adapters/relay-link';
import { type GatherMessage, gatherMessage } from '#domain/messages/queue-messages';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import { startGathers } from '#functions/start-gathers/start-gathers';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let db: TestDatabase;
let sourceId = '';
let count = 0;
let now = Date.parse('2026-03-02T12:00:00Z');
const sent: GatherMessage[] = [];
beforeAll(async () => {
  db = await startDynamoDb();
});
afterAll(() => db.stop());
beforeEach(() => {
  sourceId = `cloud-${++count}`;
  sent.length = 0;
});

const runs = () => runStore(db.client, db.tables.control);
const leases = () => relayLeaseStore(db.client, db.tables.control);
const sources = () => sourceStore(db.client, db.tables.control);

function start() {
  const url = 'https://traveler.example';
  const configuration = runtimeConfiguration.parse({
    sources: [
      { id: sourceId, kind: 'smartcloud', url, credentials: { secretName: 's' } },
      { id: 'hq', kind: 'traveler' },
    ],
  });
  return startGathers({
    configuration,
    runs: runs(),
    sources: sources(),
    settings: settingsStore(db.client, db.tables, configuration),
    relayOf: relayPresence(leases(), () => now),
    gatherQueue: {
      send: async (messages) => {
        for (const { body } of messages) sent.push(gatherMessage.parse(body));
      },
    },
    now: () => now,
    unique: () => sourceId,
  })();
}

test('each cloud-read source is requested; one behind a relay waits for it', async () => {
  expect(await start()).toEqual([
    { sourceId, outcome: 'started' },
    { sourceId: 'hq', outcome: 'waits-for-relay' },
  ]);
  expect(sent).toHaveLength(1);
  expect(await runs().read(sent[0]?.runId ?? '')).toMatchObject({ sourceId, state: 'queued', reason: 'schedule' });
});

test('a source behind a relay is requested while a relay is connected', async () => {
  await leases().take('hq', { relayId: 'r1', connectionId: 'c1' }, { now, lengthMs: 30_000 });
  expect(await start()).toContainEqual({ sourceId: 'hq', outcome: 'started' });
  await leases().release('hq', 'r1', { now });
  expect(sent.map((message) => message.sourceId).toSorted()).toEqual(['hq', sourceId].toSorted());
});

test('a queued or running run is not doubled: its own message is redelivered', async () => {
  await start();
  now += 900_000;
  expect((await start())[0]).toEqual({ sourceId, outcome: 'still-running' });
  expect(sent[1]).toEqual(sent[0]);
  const [first] = sent;
  await runs().update(first ?? raise(), { state: 'completed' });
  expect((await start())[0]?.outcome).toBe('started');
  expect(sent[2]?.runId).not.toBe(first?.runId);
});

test('a source that refused the password is not contacted before its time', async () => {
  await sources().update(sourceId, { retryAt: now + 1 });
  expect((await start())[0]?.outcome).toBe('refused-for-now');
  now += 1;
  expect((await start())[0]?.outcome).toBe('started');
});

function raise(): never {
  throw new Error('no message was sent');
}
