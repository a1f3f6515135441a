/** Decisions and links as people make and withdraw them: over the API, into the stores, back to evaluation. */
// Before any schema is created (as the API's handler does).
import '@hono/zod-openapi';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { evaluationMessage } from '#domain/messages/queue-messages';
import { portalEvents } from '#functions/portal-events/portal-events';
import { aDevice, anEnrolment, janes, start } from '#test/functions/portal-events/portal-side';
import { type Gateway, startGateway } from './gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  await gateway.store(aDevice());
  await gateway.requests.takeEnrolments([]);
  await gateway.queues.drain('evaluations');
});
afterAll(() => gateway.stop());

const address = `/api/decisions/${[janes.sourceId, janes.user, janes.deviceId].map(encodeURIComponent).join('/')}`;
const decisionsOf = async () =>
  z
    .object({ decisions: z.array(z.object({ decisionId: z.string(), stands: z.boolean(), withdrawnAt: z.string().nullable() })) })
    .parse((await gateway.ask(address)).json).decisions;
const decide = (actionId: string, more: Record<string, unknown> = {}) =>
  gateway.ask('/api/actions', { body: { actionId, type: 'approve', target: janes, ...more } });
const linesOf = async (kind: string) => (await gateway.requests.timeline.read(janes)).filter((line) => line.kind === kind);
const usersSent = async () =>
  (await gateway.queues.drain('evaluations'))
    .map((body) => evaluationMessage.parse(body))
    .flatMap((message) => (message.kind === 'users' ? message.users : []));

test('a decision is in effect until withdrawn, with both in the timeline', async () => {
  await decide('p1', { reason: 'new phone', expiresAt: new Date(start + 7_200_000).toISOString() });
  expect(await decisionsOf()).toEqual([expect.objectContaining({ decisionId: 'p1', stands: true })]);
  await gateway.queues.drain('evaluations');
  const answer = await gateway.ask(`${address}?reason=lost`, { method: 'DELETE' });
  expect(answer).toMatchObject({ status: 200, json: { withdrawn: 1 } });
  expect(await usersSent()).toEqual([janes.user]);
  expect(await decisionsOf()).toEqual([expect.objectContaining({ stands: false, withdrawnAt: expect.any(String) })]);
  expect((await linesOf('decision')).map(({ says }) => says)).toEqual([
    'The standing decision was withdrawn by ann@acme.com: lost',
    expect.stringMatching(/^Approved by ann@acme.com, until .*: new phone$/),
  ]);
  expect(await gateway.requests.stores.ledger.read('p1')).toMatchObject({ state: 'cancelled' });
  expect((await gateway.ask(address, { method: 'DELETE' })).json).toEqual({ withdrawn: 0 });
});

test('a decision after the withdrawal is in effect; unknown devices are rejected', async () => {
  gateway.clock.now += 1000;
  await decide('p2');
  expect((await decisionsOf())[0]).toMatchObject({ decisionId: 'p2', stands: true });
  expect((await gateway.ask('/api/decisions/cloud/Nobody/X', { method: 'DELETE' })).status).toBe(404);
});

test('a withdrawal that arrives before its request still ends it, and nothing is sent', async () => {
  const target = { ...janes, deviceId: 'EARLY' };
  await gateway.store(aDevice(target));
  const take = portalEvents(gateway.requests);
  const envelope = (kind: string, detail: unknown) =>
    JSON.stringify({
      id: `e-${kind}`,
      source: 'portal',
      'detail-type': kind,
      time: new Date(start + 60_000).toISOString(),
      detail,
    });
  await take(envelope('DecisionWithdrawn', { target, decidedBy: 'ann' }), start);
  await take(
    envelope('ActionRequested', {
      actionId: 'early',
      requestedAt: start + 30_000,
      requestedBy: { kind: 'person', name: 'ann' },
      type: 'approve',
      target,
    }),
    start,
  );
  const decisions = await gateway.requests.stores.decisions.of(target);
  expect(decisions).toEqual([expect.objectContaining({ decisionId: 'early', withdrawnAt: expect.any(Number) })]);
  expect(await gateway.requests.stores.ledger.read('early')).toMatchObject({ state: 'cancelled' });
});

test('a link is made, removed and made again, each in the timeline', async () => {
  const { sourceId, user } = janes;
  const body = { sourceId, user, portalUser: 'Jane.Doe@acme.com' };
  const last = async () =>
    (await gateway.ask(`/api/links?${new URLSearchParams({ sourceId, user })}`)).json.links as { kind: string }[];
  expect(await gateway.ask('/api/links', { body })).toMatchObject({
    status: 201,
    json: { portalUser: 'jane.doe@acme.com', kind: 'confirmed', by: 'ann@acme.com' },
  });
  gateway.clock.now += 1000;
  expect((await gateway.ask('/api/links', { method: 'DELETE', body })).status).toBe(200);
  expect((await last()).map(({ kind }) => kind)).toEqual(['undone']);
  gateway.clock.now += 1000;
  await gateway.ask('/api/links', { body });
  expect((await last()).map(({ kind }) => kind)).toEqual(['confirmed']);
  expect((await linesOf('link')).map(({ data }) => data.link)).toEqual(['confirmed', 'undone', 'confirmed']);
  expect((await gateway.ask('/api/links', { body: { ...body, user: 'Nobody/Acme' } })).status).toBe(404);
  expect((await gateway.ask('/api/links', { body: { sourceId } })).status).toBe(400);
});

test('an enrolment finds a Traveler user who is connected only by a link', async () => {
  await gateway.queues.drain('evaluations');
  const user = { email: 'Jane.Doe@acme.com', name: 'Somebody Else' };
  await gateway.requests.takeEnrolments([anEnrolment({ id: 'linked', user, mailDeviceIds: ['NOT-HERS'] })]);
  expect(await usersSent()).toEqual([janes.user]);
});
