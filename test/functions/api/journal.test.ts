/** The journal over the API: exported page by page, verified line by line, and any change made in the table is named. */
// Must be first: it gives schemas their `openapi`, but only those that are created after it was loaded.
import '@hono/zod-openapi';

import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { lineOf } from '#adapters/dynamodb/journal/journal-stream';
import { sourceLineItem, timelineItem } from '#adapters/dynamodb/journal/timeline';
import { chainKey } from '#adapters/dynamodb/keys';
import type { ChainHead } from '#domain/journal/hash-chain';
import type { TimelineEntry } from '#domain/journal/timeline';
import { verifyLines } from '#infra/cli/journal';
import { type Gateway, startGateway } from './gateway.ts';

const devices = 12;
const begin = Date.UTC(2026, 2, 2);
/** Lines of a day: more than a page holds. */
const count = 620;

let gateway: Gateway;
let journalTable: string;
beforeAll(async () => {
  gateway = await startGateway();
  journalTable = gateway.database.tables.journal;
  await writeDay();
}, 60_000);
afterAll(() => gateway.stop());

const deviceOf = (number: number) => ({
  sourceId: 'cloud',
  user: `User ${number % devices}/Acme`,
  deviceId: `D${number % devices}`,
});
const lineAt = (number: number): TimelineEntry => ({
  at: begin + number * 60_000,
  id: `changed|${number}`,
  kind: 'changed',
  says: `Changed on the server: level: ${number} → ${number + 1}.`,
  data: { changes: [{ field: 'level', before: number, after: number + 1 }] },
});

/** What publish makes of the lines of a day, in the table as it would be. */
async function writeDay(): Promise<void> {
  const { client } = gateway.database;
  const items = Array.from({ length: count }, (_, number) => timelineItem(deviceOf(number), lineAt(number)));
  const gathered: TimelineEntry = { ...lineAt(count), id: 'gather|1', kind: 'gather-completed', data: {} };
  const all = [...items, sourceLineItem('cloud', gathered)];
  await Promise.all(all.map((Item) => client.send(new PutCommand({ TableName: journalTable, Item }))));
  await chainStore(client, journalTable).append('cloud', all.map(lineOf));
}

async function exported(query = ''): Promise<{ lines: string[]; pages: number }> {
  const lines: string[] = [];
  let cursor: string | null = '';
  let pages = 0;
  while (cursor !== null) {
    const answer = await gateway.ask(`/api/journal?${query}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    lines.push(...answer.text.split('\n').filter((line) => line !== ''));
    cursor = answer.headers.get('x-next-cursor');
    pages++;
  }
  return { lines, pages };
}

async function headsNow(): Promise<Map<string, ChainHead>> {
  const { json } = await gateway.ask('/api/journal/heads');
  return new Map((json.heads as (ChainHead & { sourceId: string })[]).map((head) => [head.sourceId, head]));
}

async function* each(lines: readonly string[]) {
  yield* lines;
}
const verified = async () => verifyLines(each((await exported('check=true')).lines), await headsNow());
const findingNow = async () => (await verified()).sources.find(({ finding }) => finding)?.finding;

/** Changes an item of the table and restores it after the result was checked. */
async function tampered(Key: { pk: string; sk: string }, item: Record<string, unknown> | null, check: () => Promise<void>) {
  const { client } = gateway.database;
  const { Item } = await client.send(new GetCommand({ TableName: journalTable, Key }));
  if (item === null) await client.send(new DeleteCommand({ TableName: journalTable, Key }));
  else await client.send(new PutCommand({ TableName: journalTable, Item: { ...Item, ...item, ...Key } }));
  await check();
  await client.send(new PutCommand({ TableName: journalTable, Item: { ...Item, ...Key } }));
}
const chainItem = async (seq: number) =>
  (await gateway.database.client.send(new GetCommand({ TableName: journalTable, Key: chainKey('cloud', seq) }))).Item ?? {};

test('a busy day is exported in pages, complete, and verifies', async () => {
  const { lines, pages } = await exported();
  expect(pages).toBeGreaterThan(1);
  expect(lines.map((line) => JSON.parse(line).seq)).toEqual(Array.from({ length: count + 1 }, (_, index) => index + 1));
  expect(await verified()).toMatchObject({ ok: true, sources: [{ sourceId: 'cloud', lines: count + 1, finding: null }] });
  expect((await verifyLines(each(lines), null)).ok).toBe(true);
}, 30_000);

test('it is exported from a time on, by device or source, and nothing else', async () => {
  const since = new Date(begin + 500 * 60_000).toISOString();
  expect((await exported(`from=${encodeURIComponent(since)}`)).lines).toHaveLength(count + 1 - 500);
  const { lines } = await exported(`device=${encodeURIComponent('cloud/User 3/Acme/D3')}`);
  expect(new Set(lines.map((line) => JSON.parse(line).line.user))).toEqual(new Set(['User 3/Acme']));
  expect(lines).toHaveLength(Math.ceil((count - 3) / devices));
  expect((await exported('source=hq')).lines).toEqual([]);
}, 30_000);

test('it is read newest first, paged, by words, kind and time', async () => {
  const { lines, pages } = await exported('order=newest&limit=200');
  expect(pages).toBe(4);
  expect(lines.map((line) => JSON.parse(line).seq)).toEqual(Array.from({ length: count + 1 }, (_, index) => count + 1 - index));
  const found = await gateway.ask(`/api/journal?order=newest&q=${encodeURIComponent('USER d3 level')}&limit=5`);
  expect(
    found.text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).line.deviceId),
  ).toEqual(Array(5).fill('D3'));
  expect(Number(found.headers.get('x-lines-read'))).toBeGreaterThan(4 * devices);
  expect((await exported('order=newest&kind=gather-completed')).lines).toHaveLength(1);
  const [from, to] = [100, 109].map((number) => encodeURIComponent(new Date(begin + number * 60_000).toISOString()));
  expect((await exported(`order=newest&from=${from}&to=${to}`)).lines).toHaveLength(10);
}, 30_000);

test('an invalid cursor and an invalid time are rejected with the field', async () => {
  for (const [query, path] of [
    ['cursor=nonsense', 'cursor'],
    ['from=yesterday', 'from'],
    ['kind=gossip', 'kind'],
    ['limit=1000', 'limit'],
  ])
    expect(await gateway.ask(`/api/journal?${query}`)).toMatchObject({ status: 400, json: { errors: [{ path }] } });
});

test('a flipped byte, a removed and two swapped lines are named', async () => {
  const seq = 307;
  const item = await chainItem(seq);
  const flipped = { ...(item.line as object), says: String((item.line as { says: string }).says).replace('C', 'B') };
  const place = { seq, at: lineAt(seq - 1).at, user: deviceOf(seq - 1).user, deviceId: deviceOf(seq - 1).deviceId };
  await tampered(chainKey('cloud', seq), { line: flipped }, async () => {
    expect(await findingNow()).toMatchObject({ kind: 'altered', ...place });
  });
  await tampered(chainKey('cloud', seq), null, async () => {
    expect(await findingNow()).toMatchObject({ kind: 'missing', seq, deviceId: deviceOf(seq).deviceId });
  });
  const [other, { sk: _, ...first }] = [await chainItem(seq + 1), item];
  await tampered(chainKey('cloud', seq), { ...other }, async () => {
    await tampered(chainKey('cloud', seq + 1), first, async () => {
      expect(await findingNow()).toMatchObject({ kind: 'missing', seq });
    });
  });
  expect((await verified()).ok).toBe(true);
}, 30_000);

test('lines cut off at the end are missing from the head of the chain', async () => {
  await tampered(chainKey('cloud', count + 1), null, async () => {
    expect(await findingNow()).toMatchObject({ kind: 'missing', seq: count + 1 });
  });
}, 30_000);

test('a line changed in or removed from the timeline is reported', async () => {
  const { pk, sk } = timelineItem(deviceOf(41), lineAt(41));
  await gateway.database.client.send(
    new UpdateCommand({
      TableName: journalTable,
      Key: { pk, sk },
      UpdateExpression: 'SET says = :says',
      ExpressionAttributeValues: { ':says': 'Nothing happened.' },
    }),
  );
  expect(await findingNow()).toMatchObject({
    kind: 'timeline',
    seq: 42,
    deviceId: 'D5',
    says: expect.stringContaining('altered'),
  });
  await gateway.database.client.send(new DeleteCommand({ TableName: journalTable, Key: { pk, sk } }));
  expect(await findingNow()).toMatchObject({ kind: 'timeline', seq: 42, says: expect.stringContaining('missing') });
}, 30_000);
