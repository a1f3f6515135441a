/** No list of the API is truncated silently: a cursor leads on, or a figure says how many there are in all. */
// Must be first: it gives schemas their `openapi`, but only those that are created after it was loaded.
import '@hono/zod-openapi';

import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { fleetCounts } from '#adapters/dynamodb/devices/fleet-counts';
import { aDevice, janes, start } from '#test/functions/portal-events/portal-side';
import { type Gateway, startGateway } from './gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  await gateway.store(aDevice());
});
afterAll(() => gateway.stop());

const janesPath = `/api/devices/${[janes.sourceId, janes.user, janes.deviceId].map(encodeURIComponent).join('/')}`;
const page = z.looseObject({ cursor: z.string().nullable() });

/** What `itemsOf` finds on each page of a list. */
async function pagesOf<T>(path: string, itemsOf: (json: unknown) => T[]): Promise<T[][]> {
  const pages: T[][] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, json } = await gateway.ask(`${path}&${new URLSearchParams({ cursor })}`);
    expect(status).toBe(200);
    pages.push(itemsOf(json));
    cursor = page.parse(json).cursor;
  }
  return pages;
}

test('the timeline of a device is paged, newest line first, each line once', async () => {
  const lines = Array.from({ length: 5 }, (_, nth) => ({
    at: start + nth,
    id: `line-${nth}`,
    kind: 'changed' as const,
    says: `line ${nth}`,
    data: {},
  }));
  await gateway.requests.stores.timeline.append(janes, lines);
  const answer = z.object({ timeline: z.array(z.object({ says: z.string() })) });
  const pages = await pagesOf(`${janesPath}?limit=2`, (json) => answer.parse(json).timeline.map(({ says }) => says));
  expect(pages.flat()).toEqual(['line 4', 'line 3', 'line 2', 'line 1', 'line 0']);
  expect(pages.every(({ length }) => length <= 2)).toBe(true);
});

test('an invalid cursor is rejected', async () => {
  for (const cursor of ['nonsense', Buffer.from('{"pk":"a"}').toString('base64url')])
    expect((await gateway.ask(`${janesPath}?cursor=${cursor}`)).status).toBe(400);
});

test('the gathers of a source are paged, newest first', async () => {
  const { runs } = gateway.requests.stores;
  for (let nth = 0; nth < 5; nth += 1)
    await runs.request({
      sourceId: 'cloud',
      runId: `2026-03-01T08:00:0${nth}.000Z|list`,
      reason: 'request',
      requestedAt: start + nth,
    });
  const answer = z.object({ runs: z.array(z.object({ runId: z.string() })) });
  const pages = await pagesOf('/api/gathers?source=cloud&limit=2', (json) => answer.parse(json).runs.map(({ runId }) => runId));
  expect(pages.flat().map((runId) => runId.slice(18, 19))).toEqual(['4', '3', '2', '1', '0']);
});

test('listing a dead-letter queue says how many messages are in it', async () => {
  await gateway.queues.drain('deadLetters');
  for (let nth = 0; nth < 3; nth += 1)
    await gateway.queues.client.send(
      new SendMessageCommand({ QueueUrl: gateway.queues.urls.deadLetters, MessageBody: `${nth}` }),
    );
  const answer = z.object({ messages: z.array(z.unknown()), inQueue: z.number() });
  const { messages, inQueue } = answer.parse((await gateway.ask('/api/dlq/portalEvents?limit=2')).json);
  expect(messages).toHaveLength(2);
  expect(inQueue).toBe(3);
});

test('the overview names the first failed actions and counts all of them', async () => {
  const { client, tables } = gateway.database;
  for (let nth = 0; nth < 25; nth += 1) {
    const action = { state: 'failed', attempts: 1, requestedAt: start };
    await client.send(new PutCommand({ TableName: tables.actions, Item: { actionId: `failed-${nth}`, action } }));
  }
  const { actions } = await fleetCounts(client, tables)(start);
  expect(actions.failed.count).toBe(25);
  expect(actions.failed.ids).toHaveLength(20);
});
