/**
 * From a written line to the bus: nothing lost, nothing invented, in order, under the same id, at whatever point it is killed.
 */
import { PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { lineOf } from '#adapters/dynamodb/journal/journal-stream';
import { timelineItem } from '#adapters/dynamodb/journal/timeline';
import type { DeviceKey } from '#domain/devices/device';
import type { TimelineEntry } from '#domain/journal/timeline';
import { connectedLine, disconnectedLine } from '#domain/relay/relay-lines';
import type { PublishDependencies } from '#functions/publish/publish-journal';
import { verifyLines } from '#infra/cli/journal';
import type { RunningMapping } from '#infra/emulator/lambda/event-source-mapping';
import { killedAt } from '#test/fixtures/crashing';
import { journal, type Outbox, type Published, startOutbox } from './outbox.ts';

/** A busy machine gets more time. */
const eventually = (expectation: () => Promise<void>) => vi.waitFor(expectation, { timeout: 15_000 });

let outbox: Outbox;
let running: RunningMapping | null = null;
beforeAll(async () => {
  outbox = await startOutbox();
});
afterEach(async () => {
  await running?.stop();
  running = null;
  await outbox.received();
});
afterAll(() => outbox.stop());

const key = (sourceId: string, deviceId: string): DeviceKey => ({ sourceId, user: 'Jane Doe/Acme', deviceId });
const changed = (number: number): TimelineEntry => ({
  at: 1_700_000_000_000 + number,
  id: `changed|run-${number}`,
  kind: 'changed',
  says: `Changed: ${number}`,
  data: { changes: [{ field: 'level', before: String(number - 1), after: String(number) }] },
});
/** Three lines of each of two devices, alternating. */
async function writeLines(sourceId: string): Promise<void> {
  for (const number of [1, 2, 3])
    for (const device of ['A', 'B']) await outbox.timeline.append(key(sourceId, device), [changed(number)]);
}
const levels = (received: readonly Published[], deviceId: string) =>
  received.filter(({ detail }) => detail.deviceId === deviceId).map(({ detail }) => JSON.stringify(detail.changes));
const expectedLevels = [1, 2, 3].map((number) => JSON.stringify(changed(number).data.changes));
const firstOnly = (received: readonly Published[]) =>
  [...new Map(received.toReversed().map((one) => [one.detail.eventId, one])).values()].toReversed();
const chained = async (sourceId: string) => (await outbox.reader.readChain(sourceId)).entries;

async function isIntact(sourceId: string): Promise<void> {
  const entries = await chained(sourceId);
  const lines = async function* () {
    for (const entry of entries) yield JSON.stringify(entry);
  };
  const verified = await verifyLines(lines(), new Map([[sourceId, await outbox.reader.head(sourceId)]]));
  expect(verified).toEqual({ ok: true, sources: [{ sourceId, lines: entries.length, finding: null }] });
}

test('each written line is sealed once and published once, in order, by its id', async () => {
  running = outbox.run();
  await writeLines('plain');
  const received: Published[] = [];
  await eventually(async () => {
    received.push(...(await outbox.received()));
    expect(received).toHaveLength(6);
  });
  for (const device of ['A', 'B']) expect(levels(received, device)).toEqual(expectedLevels);
  const entries = await chained('plain');
  expect(entries.map(({ line }) => line.lineId).sort()).toEqual(received.map(({ detail }) => detail.eventId).sort());
  await isIntact('plain');
});

test("a relay's connects and disconnects are published on the bus", async () => {
  running = outbox.run();
  const times = { createdAt: 1, tokenUntil: 1, enrolledAt: 1, revokedAt: null, connectedAt: 5, lastHeardAt: 5 };
  const facts = { hostname: 'domino1', platform: null, version: null, protocol: 2, reads: null, acts: null };
  const who = { relayId: 'r1', sourceId: 'hq', createdBy: 'ann', revokedBy: null, tokenHash: null, connectionId: 'c1' };
  const relay = { ...who, ...times, ...facts, keys: [], problems: [] };
  // One after the other, as they happen: lines that are appended together are written in parallel.
  await outbox.timeline.appendToSource('hq', [connectedLine(relay, 5)]);
  await outbox.timeline.appendToSource('hq', [disconnectedLine(relay, { at: 9, reason: 'silent' })]);
  const received: Published[] = [];
  await eventually(async () => {
    received.push(...(await outbox.received()));
    expect(received).toHaveLength(2);
  });
  expect(received.map((one) => one['detail-type'])).toEqual(['RelayConnected', 'RelayDisconnected']);
  for (const { detail } of received) expect(detail).toMatchObject({ sourceId: 'hq', relayId: 'r1' });
});

test('a line in a rejected transaction is neither sealed nor published', async () => {
  running = outbox.run();
  const put = { TableName: journal, Item: timelineItem(key('refused', 'A'), changed(1)) };
  const impossible = { TableName: journal, Key: { pk: 'x', sk: 'y' }, ConditionExpression: 'attribute_exists(pk)' };
  await expect(
    outbox.client.send(new TransactWriteCommand({ TransactItems: [{ Put: put }, { ConditionCheck: impossible }] })),
  ).rejects.toThrow('ConditionalCheckFailed');
  await outbox.timeline.append(key('refused', 'B'), [changed(2)]);
  await eventually(async () => expect(await chained('refused')).toHaveLength(1));
  await eventually(async () => expect((await outbox.received()).map(({ detail }) => detail.deviceId)).toEqual(['B']));
});

test('a rewritten line stays the same line: sealed once, published once', async () => {
  running = outbox.run();
  await outbox.timeline.append(key('again', 'A'), [changed(1), changed(1)]);
  await outbox.timeline.append(key('again', 'A'), [{ ...changed(1), says: 'otherwise' }]);
  await outbox.timeline.append(key('again', 'A'), [changed(2)]);
  await eventually(async () => expect(await chained('again')).toHaveLength(2));
  expect((await outbox.timeline.read(key('again', 'A'))).map(({ says }) => says)).toEqual(['Changed: 2', 'Changed: 1']);
  await eventually(async () => expect(await outbox.received()).toHaveLength(2));
});

test('killed at any call, it publishes every line in order and seals each once', async () => {
  const probe = killedAt(Number.POSITIVE_INFINITY);
  await published('probe', () => dying(probe));
  expect(probe.killPoint.passed()).toBeGreaterThanOrEqual(4);

  for (let place = 1; place <= probe.killPoint.passed(); place++) {
    const death = killedAt(place);
    let lives = 0;
    const sourceId = `killed-${place}`;
    await published(sourceId, () => (lives++ === 0 ? dying(death) : outbox.dependencies));
    expect(death.killPoint.died(), `place ${place}`).toBe(true);
  }
});

/** Nothing waits for a log line: it is no place to die. */
const dying = ({ wrap }: ReturnType<typeof killedAt>): PublishDependencies => ({
  chain: wrap(outbox.dependencies.chain, 'chain'),
  bus: wrap(outbox.dependencies.bus, 'bus'),
  setAside: outbox.dependencies.setAside,
  log: outbox.dependencies.log,
});

/** Writes lines before the worker runs, so that they are one batch; expects all of them sealed and published. */
async function published(sourceId: string, worker: () => PublishDependencies): Promise<void> {
  await writeLines(sourceId);
  running = outbox.run(worker);
  const received: Published[] = [];
  await eventually(async () => {
    received.push(...(await outbox.received()));
    expect(firstOnly(received)).toHaveLength(6);
  });
  await running.stop();
  running = null;
  received.push(...(await outbox.received()));
  for (const device of ['A', 'B']) expect(levels(firstOnly(received), device), sourceId).toEqual(expectedLevels);
  expect(firstOnly(received)).toHaveLength(6);
  expect(await chained(sourceId)).toHaveLength(6);
  await isIntact(sourceId);
}

test('two workers with the same lines at the same time seal each once', async () => {
  await writeLines('twice');
  const stores = [1, 2, 3].map(() => outbox.dependencies.chain);
  const lines = linesOf('twice');
  await Promise.all(stores.map((chain) => chain.append('twice', lines)));
  expect(await chained('twice')).toHaveLength(6);
  await isIntact('twice');
});

function linesOf(sourceId: string) {
  const items = [1, 2, 3].flatMap((number) => ['A', 'B'].map((device) => timelineItem(key(sourceId, device), changed(number))));
  return items.map(lineOf);
}

test('an item that is no line is rejected with the reason, without blocking others', async () => {
  running = outbox.run();
  const broken = { pk: 'device|odd|Jane|A', sk: 'x', sourceId: 'odd', user: 'Jane', deviceId: 'A', kind: 'changed', id: 'x' };
  await outbox.client.send(new PutCommand({ TableName: journal, Item: broken }));
  await outbox.timeline.append(key('odd', 'A'), [{ ...changed(1), data: { changes: 'none' } }, changed(2)]);
  await eventually(async () => expect(await chained('odd')).toHaveLength(1));
  expect(outbox.rejected).toHaveLength(2);
  expect(outbox.rejected[0]?.reason).toContain('at');
});

test("lines of a source or of none are chained and published like devices'", async () => {
  running = outbox.run();
  const at = 1_700_000_000_000;
  const data = { event: 'EnrolmentChanged', rejectedId: 'r1', errors: [{ path: 'detail.enrolment', message: 'is missing' }] };
  await outbox.timeline.appendToSource('*', [{ at, id: 'rejected|r1', kind: 'event-rejected', says: 'Rejected', data }]);
  await eventually(async () => expect((await outbox.received()).map((one) => one['detail-type'])).toEqual(['EventRejected']));
  expect(await chained('*')).toMatchObject([{ seq: 1, line: { user: null, deviceId: null, kind: 'event-rejected' } }]);
  await isIntact('*');
});
