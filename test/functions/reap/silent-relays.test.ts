import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { heartbeat } from '#domain/relay/relay-protocol';
import { noteSilentRelays } from '#functions/reap/silent-relays';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import { relaySide } from '#test/fixtures/relay-side';

let db: TestDatabase;
let side: ReturnType<typeof relaySide>;
const clock = { now: Date.parse('2026-03-02T12:00:00Z') };
let sourceId = '';
let count = 0;

beforeAll(async () => {
  db = await startDynamoDb();
  side = relaySide(db.client, db.tables.control, () => clock.now);
});
beforeEach(() => {
  sourceId = `hq-${++count}`;
});
afterAll(() => db.stop());

const note = () =>
  noteSilentRelays({
    ...{ relays: side.relays, leases: side.leases, now: () => clock.now },
    timeline: timelineStore(db.client, db.tables.journal),
  })();
const lines = () => timelineStore(db.client, db.tables.journal).readSource(sourceId);

async function connected(): Promise<string> {
  const relayId = randomUUID();
  await side.relays.invite({
    ...{ relayId, sourceId, createdAt: clock.now, createdBy: 'ann', tokenUntil: clock.now, keys: [], problems: [] },
    ...{ enrolledAt: clock.now, revokedAt: null, revokedBy: null, hostname: 'domino1', platform: null, version: null },
    ...{ protocol: null, reads: null, acts: null, connectionId: 'c1', connectedAt: clock.now, lastHeardAt: clock.now },
    tokenHash: relayId,
  });
  await side.leases.take(sourceId, { relayId, connectionId: 'c1' }, { now: clock.now, lengthMs: heartbeat.leaseMs });
  return relayId;
}

test('a relay that vanished silently is reported as gone, once', async () => {
  const relayId = await connected();
  await note();
  expect(await lines()).toEqual([]);
  clock.now += heartbeat.leaseMs + 1;
  await note();
  await note();
  expect(await lines()).toMatchObject([{ kind: 'relay-disconnected', data: { relayId } }]);
  expect(await side.relays.read(relayId)).toMatchObject({ connectionId: null });
});

test('a source without a relay alarms after minutes, unless another relay has the lease', async () => {
  const relayId = await connected();
  clock.now += heartbeat.leaseMs + 60_000;
  expect((await note()).deserted).not.toContain(sourceId);
  clock.now += 90_000;
  expect((await note()).deserted).toContain(sourceId);
  await side.leases.take(sourceId, { relayId: 'another', connectionId: 'c2' }, { now: clock.now, lengthMs: heartbeat.leaseMs });
  expect((await note()).deserted).not.toContain(sourceId);
  await side.relays.update(relayId, { revokedAt: clock.now, revokedBy: 'ann' });
  clock.now += 600_000;
  expect((await note()).deserted).not.toContain(sourceId);
});
