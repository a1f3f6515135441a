/** Cancelling an action and confirming a wipe, over the API. */
// Must be first: it gives schemas their `openapi`, but only those that are created after it was loaded.
import '@hono/zod-openapi';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { aDevice, janes } from '#test/functions/portal-events/portal-side';
import { type Gateway, startGateway } from './gateway.ts';

let gateway: Gateway;
let count = 0;
beforeAll(async () => {
  gateway = await startGateway();
  await gateway.store(aDevice());
});
afterAll(() => gateway.stop());

async function ask(type: string, more: object = {}): Promise<string> {
  const actionId = `steer/${++count}`;
  const answer = await gateway.ask('/api/actions', { body: { actionId, type, target: janes, ...more } });
  expect(answer.status).toBe(202);
  return actionId;
}
const ledger = () => gateway.requests.stores.ledger;
const post = (id: string, what: string) => gateway.ask(`/api/actions/${id}/${what}`, { method: 'POST' });

test('an unsent action is cancelled by POST or DELETE, with its decision', async () => {
  const id = await ask('block');
  for (const call of [() => post(id, 'cancel'), () => gateway.ask(`/api/actions/${id}`, { method: 'DELETE' })])
    expect(await call()).toMatchObject({ status: 200, json: { state: 'cancelled', outcome: 'Called off by ann@acme.com.' } });
  const decisions = await gateway.requests.stores.decisions.of(janes);
  expect(decisions.filter(({ withdrawnAt }) => withdrawnAt === undefined)).toEqual([]);
});

test('a sent action is not cancelled, and the answer says what to do instead', async () => {
  const id = await ask('wipe', { wipe: ['device'] });
  const action = await ledger().read(id);
  if (action) await ledger().advance(action, { steps: [{ state: 'applied', at: 1, note: '' }] });
  expect(await post(id, 'cancel')).toMatchObject({
    status: 409,
    json: { detail: expect.stringContaining('ask for cancel-wipe') },
  });
});

test('a waiting wipe is sent when a person confirms it; others need no confirmation', async () => {
  const id = await ask('wipe', { wipe: ['apps'] });
  expect(await post(id, 'confirm')).toMatchObject({ status: 409 });
  const action = await ledger().read(id);
  if (action)
    await ledger().advance(action, {
      steps: [{ state: 'waiting', at: 1, note: '' }],
      confirmation: { askedAt: 1, confirmedBy: null, confirmedAt: null },
    });
  for (const _ of ['once', 'again'])
    expect(await post(id, 'confirm')).toMatchObject({ status: 200, json: { state: 'queued', notBefore: null } });
  expect(await ledger().read(id)).toMatchObject({ confirmation: { confirmedBy: 'ann@acme.com' } });
});

test('an unknown id or another operation is not found', async () => {
  expect((await post('nobody', 'cancel')).status).toBe(404);
  expect((await post('nobody', 'hasten')).status).toBe(404);
});
