// Must be first, as in the handler: only schemas created after it have `openapi`.
import '@hono/zod-openapi';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { tokenHash } from '#adapters/relay-token';
import { type Gateway, startGateway } from './gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

const invited = z.object({ relayId: z.string(), token: z.string(), command: z.string(), expiresAt: z.string() });
const invite = async () => invited.parse((await gateway.ask('/api/relays', { body: { sourceId: 'hq' } })).json);
const one = async (relayId: string) => (await gateway.ask(`/api/relays/${relayId}`)).json;

test("inviting a relay returns the whole command line, and stores only the token's hash", async () => {
  const answer = await gateway.ask('/api/relays', { body: { sourceId: 'hq' } });
  expect(answer.status).toBe(201);
  const { relayId, token, command } = invited.parse(answer.json);
  expect(command).toBe(`sudo -u traveler-relay relay enrol https://extender.example.com ${token}`);
  const stored = await gateway.relay.relays.read(relayId);
  expect(stored).toMatchObject({ sourceId: 'hq', createdBy: 'ann@acme.com', tokenHash: tokenHash(token) });
  expect(JSON.stringify(stored)).not.toContain(token);
  expect(await one(relayId)).toMatchObject({ state: 'invited', holdsLease: false, version: null });
  expect(JSON.stringify(await one(relayId))).not.toContain(tokenHash(token));
});

test('only an on-premises source accepts relays', async () => {
  for (const sourceId of ['cloud', 'nowhere']) {
    const { status, json } = await gateway.ask('/api/relays', { body: { sourceId } });
    expect([status, json.errors]).toEqual([422, [expect.objectContaining({ path: 'sourceId' })]]);
  }
  expect((await gateway.ask('/api/relays', { body: {} })).json).toMatchObject({ status: 400, errors: [{ path: 'sourceId' }] });
});

test('a relay shows whether it is connected, its leases, and its last contact', async () => {
  const { relayId } = await invite();
  const { relays, leases } = gateway.relay;
  const at = gateway.clock.now;
  await relays.update(relayId, { enrolledAt: at, tokenHash: null, connectionId: 'c1', connectedAt: at, lastHeardAt: at });
  await leases.take('hq', { relayId, connectionId: 'c1' }, { now: at, lengthMs: 30_000 });
  gateway.clock.now += 4_000;
  expect(await one(relayId)).toMatchObject({ state: 'connected', holdsLease: true, fence: 1, lagSeconds: 4 });
  const status = z.object({ sources: z.array(z.looseObject({ sourceId: z.string(), relay: z.unknown() })) });
  const hq = async () => status.parse((await gateway.ask('/api/status')).json).sources.find(({ sourceId }) => sourceId === 'hq');
  expect(await hq()).toMatchObject({ relay: { state: 'connected', holder: relayId, relays: 1, lagSeconds: 4 } });
  gateway.clock.now += 60_000;
  expect(await one(relayId)).toMatchObject({ state: 'away', holdsLease: false, lagSeconds: null });
  expect(await hq()).toMatchObject({ state: 'waiting-for-relay', relay: { state: 'away', holder: null } });
});

test('revoking closes its connections, ends its lease, and is permanent', async () => {
  const { relayId } = await invite();
  const { relays, leases, cut } = gateway.relay;
  const at = gateway.clock.now;
  await relays.update(relayId, { enrolledAt: at, connectionId: 'c7', connectedAt: at, lastHeardAt: at });
  for (const connectionId of ['c6', 'c7'])
    await relays.connected(relayId, { connectionId, sourceId: 'hq', at, until: at + 1000 });
  await leases.take('hq', { relayId, connectionId: 'c7' }, { now: at, lengthMs: 30_000 });
  expect((await gateway.ask(`/api/relays/${relayId}`, { method: 'DELETE' })).status).toBe(204);
  expect(cut.toSorted()).toEqual(['c6', 'c7']);
  expect(await one(relayId)).toMatchObject({ state: 'revoked', revokedBy: 'ann@acme.com', holdsLease: false });
  expect((await leases.read('hq'))?.until).toBeLessThanOrEqual(at);
  expect(await relays.update(relayId, { hostname: 'other' })).toBeNull();
  expect((await gateway.ask(`/api/relays/${relayId}`, { method: 'DELETE' })).status).toBe(204);
  expect((await gateway.ask('/api/relays/nobody', { method: 'DELETE' })).status).toBe(404);
});

test('the list has the newest first', async () => {
  gateway.clock.now += 1000;
  const { relayId } = await invite();
  gateway.clock.now += 1000;
  const { relayId: newer } = await invite();
  const { relays } = z
    .object({ relays: z.array(z.looseObject({ relayId: z.string() })) })
    .parse((await gateway.ask('/api/relays')).json);
  expect(relays.map((relay) => relay.relayId).slice(0, 2)).toEqual([newer, relayId]);
  expect(gateway.errors).toEqual([]);
});
