/** Many actions in one request: stored behind the answer, counted as they progress, and cancelled as a whole. */
// Must be first: it gives schemas their `openapi`, but only those that are created after it was loaded.
import '@hono/zod-openapi';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { bulkStore } from '#adapters/dynamodb/actions/bulks';
import { putAll } from '#adapters/dynamodb/batch-requests';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { bulkMessage } from '#domain/messages/bulk';
import { workPart } from '#functions/bulk/work-part';
import { type Gateway, startGateway } from '#test/functions/api/gateway';
import { aDevice } from '#test/functions/portal-events/portal-side';

let gateway: Gateway;
const count = 230;
const targetOf = (nth: number) => ({ sourceId: 'cloud', user: `User ${nth}/Acme`, deviceId: `ApplBULK${nth}` });

beforeAll(async () => {
  gateway = await startGateway();
  const { client, tables } = gateway.database;
  const items = Array.from({ length: count }, (_, nth) => deviceItem(aDevice(targetOf(nth))));
  await putAll(client, tables.devices, items);
});
afterAll(() => gateway.stop());

const actionsOf = (name: string, howMany = count) =>
  Array.from({ length: howMany }, (_, nth) => ({ actionId: `${name} ${nth}`, type: 'block', target: targetOf(nth) }));

/** What the function does with the waiting messages. */
async function runMessages({ most = Number.POSITIVE_INFINITY } = {}): Promise<number> {
  const { requests, database, clock } = gateway;
  const bulks = bulkStore(database.client, database.tables);
  const work = workPart({ ...requests, ledger: requests.stores.ledger, bulks, now: () => clock.now });
  const messages = await gateway.queues.drain('bulks');
  for (const body of messages.slice(0, most)) await work(bulkMessage.parse(body));
  return messages.length;
}
const progress = async (bulkId: string) => (await gateway.ask(`/api/bulks/${bulkId}`)).json;

test('over a hundred actions are accepted at once, requested in parts, and counted', async () => {
  const accepted = await gateway.ask('/api/actions', { body: { bulkId: 'one', actions: actionsOf('one') } });
  expect(accepted).toMatchObject({ status: 202, json: { bulkId: 'one', actions: count } });
  expect(await progress('one')).toMatchObject({ actions: count, staged: count, ended: 0, states: {}, estimatedEnd: null });
  expect(await runMessages()).toBe(3);
  expect(await progress('one')).toMatchObject({ staged: 0, states: { queued: count }, refused: 0, requestedBy: 'ann@acme.com' });
  expect(await gateway.queues.drain('actions')).toHaveLength(count);
  // Two for each whole part, not one for each action.
  expect(await gateway.queues.drain('evaluations')).toHaveLength(5);
});

test('a repeated bulk doubles no action; other actions under its id are rejected', async () => {
  const again = await gateway.ask('/api/actions', { body: { bulkId: 'one', actions: actionsOf('one') } });
  expect(again.status).toBe(202);
  await runMessages();
  expect(await progress('one')).toMatchObject({ states: { queued: count } });
  const other = await gateway.ask('/api/actions', { body: { bulkId: 'one', actions: actionsOf('other') } });
  expect(other).toMatchObject({ status: 409, json: { errors: [{ path: 'bulkId' }] } });
  expect(await runMessages()).toBe(0);
});

test('one wrong or duplicate action rejects the whole request', async () => {
  const [first, ...rest] = actionsOf('wrong');
  const wrong = await gateway.ask('/api/actions', { body: { actions: [...rest, { ...first, type: 'explode' }] } });
  expect(wrong).toMatchObject({ status: 400, json: { errors: [{ path: `actions.${count - 1}.type` }] } });
  const doubled = await gateway.ask('/api/actions', { body: { actions: [first, ...rest, first] } });
  expect(doubled).toMatchObject({ status: 400, json: { errors: [{ path: `actions.${count}.actionId` }] } });
  expect(await runMessages()).toBe(0);
});

test('rejected actions are counted and named, with the reason; the others continue', async () => {
  const unknown = { actionId: 'stray', type: 'approve', target: { ...targetOf(0), deviceId: 'ApplNOBODY' } };
  await gateway.ask('/api/actions', { body: { bulkId: 'some', actions: [...actionsOf('some', 2), unknown] } });
  await runMessages();
  expect(await progress('some')).toMatchObject({
    actions: 3,
    refused: 1,
    ended: 1,
    states: { queued: 2 },
    refusals: [{ actionId: 'stray', because: expect.stringMatching(/^cloud .* ApplNOBODY: target: no device/) }],
  });
});

test('cancelled halfway: nothing more is requested, waiting ones end, decisions are withdrawn', async () => {
  await gateway.ask('/api/actions', { body: { bulkId: 'half', actions: actionsOf('half') } });
  await runMessages({ most: 1 });
  const cancelled = await gateway.ask('/api/bulks/half/cancel', { method: 'POST' });
  expect(cancelled).toMatchObject({ status: 202, json: { cancelledBy: 'ann@acme.com' } });
  await runMessages();
  expect(await progress('half')).toMatchObject({
    actions: count,
    ended: count,
    states: { cancelled: 100 },
    refused: count - 100,
  });
  const inEffect = await gateway.requests.decisions.of(targetOf(0));
  expect(inEffect.find(({ decisionId }) => decisionId === 'half 0')).toMatchObject({ withdrawnAt: gateway.clock.now });
  expect(inEffect.find(({ decisionId }) => decisionId === 'one 0')?.withdrawnAt).toBeUndefined();
  expect(await gateway.requests.stores.ledger.read('half 229')).toBeNull();
});

test('a part delivered after the bulk was cancelled is not requested', async () => {
  await gateway.ask('/api/actions', { body: { bulkId: 'late', actions: actionsOf('late', 5) } });
  await gateway.ask('/api/bulks/late/cancel', { method: 'POST' });
  await runMessages();
  expect(await gateway.requests.stores.ledger.read('late 0')).toBeNull();
  expect(await progress('late')).toMatchObject({ ended: 5, refused: 5 });
});

test('a part processed twice requests each of its actions once', async () => {
  await gateway.ask('/api/actions', { body: { bulkId: 'twice', actions: actionsOf('twice', 4) } });
  const { requests, database } = gateway;
  const bulks = bulkStore(database.client, database.tables);
  const work = workPart({ ...requests, ledger: requests.stores.ledger, bulks });
  const [message] = await gateway.queues.drain('bulks');
  await work(bulkMessage.parse(message));
  await gateway.queues.drain('actions');
  await work(bulkMessage.parse(message));
  expect(await gateway.queues.drain('actions')).toEqual([]);
  expect((await requests.stores.ledger.read('twice 0'))?.history).toHaveLength(2);
});

test('ten thousand actions fit one request, within the 6 MB of an invocation', async () => {
  const actions = Array.from({ length: 10_000 }, (_, nth) => ({
    actionId: `0a6cf0b4-9d2e-4b55-8f0c-${String(nth).padStart(12, '0')}`,
    type: 'approve',
    target: targetOf(nth),
    reason: 'Phones of the new branch office in Lisbon',
  }));
  const body = JSON.stringify({ bulkId: 'most', actions });
  expect(body.length).toBeLessThan(6_000_000);
  const from = performance.now();
  const { status } = await gateway.ask('/api/actions', { method: 'POST', body });
  expect(status).toBe(202);
  expect(performance.now() - from).toBeLessThan(15_000);
  expect(await progress('most')).toMatchObject({ actions: 10_000, staged: 10_000 });
  const more = await gateway.ask('/api/actions', { body: { actions: [...actions, actions[0]] } });
  expect(more.status).toBe(400);
});

test('an unknown bulk is not found', async () => {
  expect((await gateway.ask('/api/bulks/none')).status).toBe(404);
  expect((await gateway.ask('/api/bulks/none/cancel', { method: 'POST' })).status).toBe(404);
});
