// Must be first: it gives schemas their `openapi`, but only those that are created after it was loaded.
import '@hono/zod-openapi';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultSettings } from '#domain/quarantine/settings';
import { aDevice } from '#test/functions/portal-events/portal-side';
import { type Gateway, startGateway } from './gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  await gateway.store(aDevice());
});
afterAll(async () => {
  await gateway.stop();
});

test("a plan lists each device that would change, by rule, and the guard's result", async () => {
  const { status, json } = await gateway.ask('/api/plan', { body: { settings: defaultSettings } });
  expect(status).toBe(200);
  expect(json).toMatchObject({
    changes: [
      { deviceId: 'ABC123', from: { verdict: null, rule: null }, to: { verdict: 'leave', rule: 'aq-off' }, action: null },
    ],
    perRule: { 'aq-off': { count: 1, approve: 0, block: 0, devices: [{ deviceId: 'ABC123' }] } },
    guard: { trips: false, affected: 0, percent: 0 },
  });
});

test('a plan for an unknown source or malformed settings is rejected by field', async () => {
  expect(await gateway.ask('/api/plan', { body: { settings: defaultSettings, sourceId: 'none' } })).toMatchObject({
    status: 404,
    json: { errors: [{ path: 'sourceId' }] },
  });
  const wrong = { ...defaultSettings, devicesPerUser: -1 };
  expect(await gateway.ask('/api/plan', { body: { settings: wrong } })).toMatchObject({
    status: 400,
    json: { errors: [{ path: 'settings.devicesPerUser' }] },
  });
});

test('without a tripped guard there is nothing to decide', async () => {
  expect((await gateway.ask('/api/guards')).json).toEqual({ guards: [], cursor: null });
  expect((await gateway.ask('/api/guards/none')).status).toBe(404);
  expect((await gateway.ask('/api/guards/none', { body: { decision: 'confirm' } })).status).toBe(404);
  expect((await gateway.ask('/api/guards/none', { body: { decision: 'perhaps' } })).status).toBe(400);
});

test('guards are listed newest first, page by page, and a wrong cursor is rejected', async () => {
  const guard = (name: string, at: number) => ({
    guardId: name,
    kind: 'publication' as const,
    cause: 'publication of settings for all sources',
    state: 'waiting' as const,
    at,
    requestedBy: 'ann',
    ...{ sources: {}, devices: [], decidedBy: null, decidedAt: null, outcome: null, payload: null },
  });
  await gateway.requests.guards.trip(guard('a', 3000));
  await gateway.requests.guards.trip(guard('b', 1000));
  await gateway.requests.guards.trip(guard('c', 2000));
  const first = (await gateway.ask('/api/guards?limit=2')).json;
  expect(first).toMatchObject({ guards: [{ id: 'a', waitsFor: [] }, { id: 'c' }] });
  const { cursor } = first as { cursor: string };
  expect((await gateway.ask(`/api/guards?limit=2&cursor=${cursor}`)).json).toMatchObject({ guards: [{ id: 'b' }], cursor: null });
  expect((await gateway.ask('/api/guards?cursor=nonsense')).status).toBe(400);
  expect((await gateway.ask('/api/settings?cursor=nonsense')).status).toBe(400);
  expect((await gateway.ask('/api/settings')).json).toMatchObject({ cursor: null });
});
