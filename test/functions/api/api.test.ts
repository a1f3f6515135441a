// Must be first: it gives schemas their `openapi`, but only those that are created after it was loaded.
import '@hono/zod-openapi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { newRun } from '#adapters/dynamodb/gather/runs';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { gatherMessage } from '#domain/messages/queue-messages';
import { defaultSettings } from '#domain/quarantine/settings';
import * as schemas from '#functions/api/schemas';
import { aDevice, anEnrolment, janes, start } from '#test/functions/portal-events/portal-side';
import { type Gateway, startGateway } from './gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  await gateway.store(aDevice({}, { baselineRun: 'run-1', detail: aDetail }));
  await gateway.store(aDevice({ user: 'Zoë Müller/Ventes & Co/Acme', deviceId: 'A%2F1' }));
  await gateway.store(aDevice({ user: '100% Jane #2?/Acme', deviceId: 'Q' }));
  await gateway.store(aDevice({ user: 'Odd/Acme', deviceId: 'with/slash' }));
});
afterAll(() => gateway.stop());

const aDetail = {
  approval: 'pending' as const,
  access: 'allow' as const,
  wipe: 'none' as const,
  wipeTypes: '1',
  compliance: '4',
  approvalDate: null,
  approvers: [],
  wipeDate: null,
  codes: {},
};
const paths = (json: Record<string, unknown>) =>
  z
    .array(z.object({ path: z.string() }))
    .parse(json.errors)
    .map(({ path }) => path);
const devicesOf = (json: Record<string, unknown>) => schemas.devicePage.parse(json).devices;
const encoded = (...parts: string[]) => `/api/devices/${parts.map(encodeURIComponent).join('/')}`;

test('a request whose token is unverified, or has no user, is rejected', async () => {
  for (const claims of [null, {}, { sub: '' }]) {
    const answer = await gateway.ask('/api/status', { claims });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  }
});

test('an unknown address returns a problem, not an empty page', async () => {
  expect(await gateway.ask('/api/nothing')).toMatchObject({ status: 404, json: { title: 'Not Found', status: 404 } });
});

test('a device is listed with everything that explains it; undecided fields are null', async () => {
  await sourceStore(gateway.database.client, gateway.database.tables.control).update('cloud', { baselineRuns: ['run-1'] });
  const { status, json } = await gateway.ask('/api/devices?source=cloud&q=abc1');
  expect(status).toBe(200);
  expect(devicesOf(json)).toEqual([
    expect.objectContaining({
      ...janes,
      client: 'ios-mail',
      approval: 'pending',
      access: 'allow',
      wipe: 'none',
      state: 'present',
      verdict: null,
      rule: null,
      evidence: null,
      match: null,
      firstSeen: '2026-03-01T07:59:59.000Z',
      existing: true,
    }),
  ]);
  expect(json.cursor).toBeNull();
});

test('a listing returns every device once, paged, and filters by user, state, verdict', async () => {
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = schemas.devicePage.parse((await gateway.ask(`/api/devices?limit=1&cursor=${cursor}`)).json);
    expect(page.devices.length).toBeLessThanOrEqual(1);
    seen.push(...page.devices.map(({ deviceId }) => deviceId));
    cursor = page.cursor;
  }
  expect(seen.sort()).toEqual(['A%2F1', 'ABC123', 'Q', 'with/slash']);
  const user = encodeURIComponent('Zoë Müller/Ventes & Co/Acme');
  expect(devicesOf((await gateway.ask(`/api/devices?user=${user}`)).json)).toHaveLength(1);
  expect(devicesOf((await gateway.ask('/api/devices?verdict=hold')).json)).toHaveLength(0);
  expect(devicesOf((await gateway.ask('/api/devices?state=removed')).json)).toHaveLength(0);
});

test('a wrong filter is rejected by name', async () => {
  const { status, json } = await gateway.ask('/api/devices?verdict=perhaps&limit=501&state=gone');
  expect(status).toBe(400);
  expect(paths(json).sort()).toEqual(['limit', 'state', 'verdict']);
  expect((await gateway.ask('/api/devices?cursor=rubbish')).json).toMatchObject({ errors: [{ path: 'cursor' }] });
});

test.each([
  ['a slash in the user name', 'Jane Doe/Acme', 'ABC123'],
  ['accents, an ampersand, and an escape in the device id', 'Zoë Müller/Ventes & Co/Acme', 'A%2F1'],
  ['a percent sign, a hash and a question mark', '100% Jane #2?/Acme', 'Q'],
  ['a slash in the device id', 'Odd/Acme', 'with/slash'],
])('one device is found by its address with %s', async (_, user, deviceId) => {
  const { status, json } = await gateway.ask(encoded('cloud', user, deviceId));
  expect(status).toBe(200);
  expect(schemas.deviceWithTimeline.parse(json)).toMatchObject({ user, deviceId, timeline: [] });
});

test('an unknown device is not found', async () => {
  expect((await gateway.ask(encoded('cloud', 'Nobody/Acme', 'X'))).status).toBe(404);
  expect((await gateway.ask('/api/devices/cloud')).status).toBe(404);
});

test('a gather is started, and followed by its run id', async () => {
  const started = await gateway.ask('/api/gathers', { body: { sourceId: 'cloud' } });
  expect(started.status).toBe(202);
  const run = await gateway.ask(`/api/gathers/${started.json.runId}`);
  expect(schemas.runView.parse(run.json)).toMatchObject({ sourceId: 'cloud', state: 'running', startedAt: null });
  expect(await gateway.queues.drain('gather')).toMatchObject([{ runId: started.json.runId, reason: 'request' }]);
});

test('a gather of no source or of an unknown one is rejected', async () => {
  expect((await gateway.ask('/api/gathers', { body: {} })).json).toMatchObject({ status: 400, errors: [{ path: 'sourceId' }] });
  expect((await gateway.ask('/api/gathers', { body: { sourceId: 'nowhere' } })).status).toBe(404);
  expect((await gateway.ask('/api/gathers/unknown')).status).toBe(404);
  expect((await gateway.ask('/api/gathers', { body: '{"sourceId":' })).status).toBe(400);
});

test('publishing replaces the version read; a second publisher gets the current one', async () => {
  const before = schemas.settingsView.parse((await gateway.ask('/api/settings')).json);
  expect(before).toMatchObject({ version: 1, publishedBy: 'configuration', sources: { cloud: { version: 1, scope: '*' } } });
  const settings = { ...defaultSettings, devicesPerUser: 2 };
  const first = await gateway.ask('/api/settings', { body: { settings, replaces: 1 } });
  expect([first.status, first.json]).toEqual([201, { version: 2 }]);
  const second = await gateway.ask('/api/settings', { body: { settings: defaultSettings, replaces: 1 } });
  expect(second).toMatchObject({ status: 409, json: { current: 2, errors: [{ path: 'replaces' }] } });
  const after = schemas.settingsView.parse((await gateway.ask('/api/settings')).json);
  expect(after).toMatchObject({ version: 2, publishedBy: 'ann@acme.com', publishedAt: '2026-03-01T08:00:00.000Z' });
  expect(after.versions.map(({ version }) => version)).toEqual([2, 1]);
  const gathers = z.array(gatherMessage).parse(await gateway.queues.drain('gather'));
  expect(gathers.map(({ sourceId, reason }) => `${sourceId} ${reason}`).toSorted()).toEqual(['cloud settings', 'hq settings']);
  expect(await gateway.queues.drain('evaluations')).toMatchObject([
    { kind: 'everyone', sourceId: 'cloud' },
    { kind: 'everyone', sourceId: 'hq' },
  ]);
});

test('settings for one source apply only there; bad ones are rejected by field', async () => {
  const settings = { ...defaultSettings, devicesPerUser: 7 };
  expect((await gateway.ask('/api/settings', { body: { settings, replaces: 2, sourceId: 'hq' } })).status).toBe(201);
  const { sources } = schemas.settingsView.parse((await gateway.ask('/api/settings')).json);
  expect(sources.hq).toMatchObject({ scope: 'hq', version: 1, settings: { devicesPerUser: 7 } });
  expect(sources.cloud).toMatchObject({ scope: '*', settings: { devicesPerUser: 2 } });
  const wrong = await gateway.ask('/api/settings', { body: { settings: { ...settings, devicesPerUser: -1 }, replaces: 'x' } });
  expect(paths(wrong.json).sort()).toEqual(['replaces', 'settings.devicesPerUser']);
  expect((await gateway.ask('/api/settings', { body: { settings, replaces: 2, sourceId: 'nowhere' } })).status).toBe(404);
});

test('enrolments are imported as JSON, as a list or in an object, and listed', async () => {
  const first = await gateway.ask('/api/enrolments', { body: [anEnrolment()] });
  expect([first.status, first.json]).toEqual([202, { received: 1, stored: 1, same: 0, older: 0 }]);
  const enrolments = [anEnrolment(), anEnrolment({ id: 'E2', version: 3 })];
  expect((await gateway.ask('/api/enrolments', { body: { enrolments } })).json).toMatchObject({ stored: 1, same: 1 });
  const { json } = await gateway.ask('/api/enrolments');
  expect(
    schemas.enrolmentPage
      .parse(json)
      .enrolments.map(({ id }) => id)
      .sort(),
  ).toEqual(['E1', 'E2']);
});

test('enrolments are imported as CSV, columns in any order and letter case', async () => {
  const body = [
    'Version,ID,email,name,platform,status,mailDeviceIds,mailConfiguration,changedAt',
    '4,C1,"zoe@acme.com","Müller, Zoë",Android,Enrolled,ANDROID1; ANDROID2,manual,2026-02-01T10:00:00Z',
    '5,C2,joe@acme.com,,iOS,Enrolled,,unknown,1700000000000',
  ].join('\r\n');
  const answer = await gateway.ask('/api/enrolments', { body, headers: { 'content-type': 'text/csv; charset=utf-8' } });
  expect(answer).toMatchObject({ status: 202, json: { received: 2, stored: 2 } });
  expect(await gateway.requests.stores.enrolments.read('C1')).toMatchObject({
    user: { email: 'zoe@acme.com', name: 'Müller, Zoë' },
    mailDeviceIds: ['ANDROID1', 'ANDROID2'],
    version: 4,
  });
});

test('one wrong enrolment rejects all, and every wrong field is named by row', async () => {
  const wrong = { ...anEnrolment({ id: 'W2' }), version: -1, mailConfiguration: 'x' };
  const asJson = await gateway.ask('/api/enrolments', { body: [anEnrolment({ id: 'W1' }), wrong] });
  expect(asJson.status).toBe(400);
  expect(paths(asJson.json).sort()).toEqual(['enrolments.1.mailConfiguration', 'enrolments.1.version']);
  const csv = 'id,email,platform,status,mailConfiguration,changedAt,version\nW3,a@b.c,iOS,Enrolled,pushed,1,\n';
  const asCsv = await gateway.ask('/api/enrolments', { body: csv, headers: { 'content-type': 'text/csv' } });
  expect(paths(asCsv.json)).toEqual(['line 2.version']);
  const torn = await gateway.ask('/api/enrolments', { body: 'id,email\n"W4', headers: { 'content-type': 'text/csv' } });
  expect(torn.status).toBe(400);
  expect((await gateway.ask('/api/enrolments', { body: { enrolments: 'all' } })).status).toBe(400);
  expect(await gateway.requests.stores.enrolments.read('W1')).toBeNull();
});

test("an action is accepted in the caller's name, and listed for its device", async () => {
  const accepted = await gateway.ask('/api/actions', { body: { type: 'approve', target: janes } });
  expect(accepted).toMatchObject({ status: 202, json: { state: 'queued' } });
  const { actionId } = schemas.actionAccepted.parse(accepted.json);
  const action = schemas.actionWithHistory.parse((await gateway.ask(`/api/actions/${actionId}`)).json);
  expect(action).toMatchObject({ type: 'approve', target: janes, requestedBy: { kind: 'person', name: 'ann@acme.com' } });
  expect(action.history.map(({ state }) => state)).toEqual(['requested', 'queued']);
  const device = encodeURIComponent('cloud/Jane Doe/Acme/ABC123');
  const listed = await gateway.ask(`/api/actions?device=${device}&state=queued`);
  expect(schemas.actionPage.parse(listed.json).actions.map((one) => one.actionId)).toEqual([actionId]);
  expect((await gateway.ask('/api/actions?state=failed')).json.actions).toEqual([]);
});

test('an action id repeated with the same content is one action, otherwise a conflict', async () => {
  const body = { actionId: 'id/with slash', requestedAt: start, type: 'block', target: janes };
  expect((await gateway.ask('/api/actions', { body })).status).toBe(202);
  expect((await gateway.ask('/api/actions', { body })).status).toBe(202);
  const other = await gateway.ask('/api/actions', { body: { ...body, type: 'approve' } });
  expect(other).toMatchObject({ status: 409, json: { errors: [{ path: 'actionId' }] } });
  expect((await gateway.ask(`/api/actions/${encodeURIComponent('id/with slash')}`)).json).toMatchObject({ type: 'block' });
});

test('an action with a wrong field is rejected by field', async () => {
  const unknown = await gateway.ask('/api/actions', { body: { type: 'block', target: { ...janes, deviceId: 'NONE' } } });
  expect(unknown).toMatchObject({ status: 404, json: { errors: [{ path: 'target' }] } });
  const wrong = await gateway.ask('/api/actions', { body: { type: 'explode', target: { sourceId: 'cloud' } } });
  expect(paths(wrong.json).sort()).toEqual(['target.deviceId', 'target.user', 'type']);
  expect((await gateway.ask('/api/actions', { body: { type: 'wipe', target: janes } })).status).toBe(422);
  expect((await gateway.ask('/api/actions/unknown')).status).toBe(404);
  expect((await gateway.ask('/api/actions?device=cloud')).json).toMatchObject({ errors: [{ path: 'device' }] });
});

test('several actions are answered one by one', async () => {
  const actions = [
    { actionId: 'M1', type: 'approve', target: janes },
    { actionId: 'M2', type: 'approve', target: { ...janes, deviceId: 'NONE' } },
  ];
  const answer = await gateway.ask('/api/actions', { body: { actions } });
  expect(answer.status).toBe(202);
  expect(schemas.actionsAccepted.parse(answer.json).actions).toMatchObject([
    { actionId: 'M1', state: 'queued' },
    { actionId: 'M2', state: null, refused: expect.stringContaining('target') },
  ]);
  expect(paths((await gateway.ask('/api/actions', { body: { actions: [{ type: 'approve' }] } })).json)).toContain(
    'actions.0.target',
  );
});

test('the status shows each source, with figures and text', async () => {
  const { client, tables } = gateway.database;
  const { runs } = gateway.requests.stores;
  for (const [runId, seconds] of [
    ['9-a', 10],
    ['9-b', 20],
  ] as const) {
    await runs.request({ sourceId: 'cloud', runId, reason: 'schedule', requestedAt: start });
    const counts = { ...newRun({ sourceId: 'cloud', runId, reason: 'schedule', requestedAt: start }).counts, devices: 700 };
    const times = { startedAt: start, finishedAt: start + seconds * 1000 };
    await runs.update({ sourceId: 'cloud', runId }, { state: 'completed', ...times, counts, requests: 10 * seconds });
  }
  await runs.request({ sourceId: 'cloud', runId: '9-c', reason: 'request', requestedAt: start });
  await sourceStore(client, tables.control).update('cloud', { devices: 700, lastCompleteGatherAt: start });
  const { sources, enrolments, queues } = schemas.statusView.parse((await gateway.ask('/api/status')).json);
  expect(sources[0]).toMatchObject({
    sourceId: 'cloud',
    state: 'gathering',
    problem: null,
    devices: 700,
    lastGather: { runId: '9-b', state: 'completed', ms: 20_000 },
    currentGather: { runId: '9-c', state: 'running' },
    averageGather: { runs: 2, ms: 15_000, requests: 150, devices: 700 },
    aq: { mode: 'server', inForce: false },
  });
  expect(sources[0]?.aq.note).toContain('Traveler 9.0');
  expect(sources[1]).toMatchObject({ sourceId: 'hq', kind: 'traveler', state: 'waiting-for-relay', relay: { state: 'none' } });
  expect(enrolments).toEqual({ feed: 'fresh', lastHeardAt: '2026-03-01T08:00:00.000Z' });
  expect(queues.actions?.waiting).toBeGreaterThan(0);
});

test('a source with an error says what happened, where and what to do', async () => {
  const problem = { kind: 'denied' as const, what: 'wrong password', where: 'cloud', remedy: 'set it', at: start };
  await sourceStore(gateway.database.client, gateway.database.tables.control).update('cloud', { problem });
  const { sources } = schemas.statusView.parse((await gateway.ask('/api/status')).json);
  expect(sources[0]).toMatchObject({ state: 'failed', problem: { what: 'wrong password', at: '2026-03-01T08:00:00.000Z' } });
});

test('a poll gets 304 when nothing is new, even though time passed', async () => {
  for (const target of ['/api/status', '/api/devices', '/api/settings']) {
    const first = await gateway.ask(target);
    gateway.clock.now += 1000;
    const again = await gateway.ask(target, { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
    expect([target, again.status, again.text]).toEqual([target, 304, '']);
  }
});

test('the API description names every route, and its references resolve', async () => {
  const { json } = await gateway.ask('/api/openapi.json');
  const described = z.record(z.string(), z.record(z.string(), z.unknown())).parse(json.paths);
  const operations = Object.entries(described).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(operations.sort()).toEqual([
    'delete /api/actions/{id}',
    'delete /api/decisions/{source}/{user}/{deviceId}',
    'delete /api/links',
    'delete /api/relays/{relayId}',
    'get /api/actions',
    'get /api/actions/{id}',
    'get /api/bulks/{id}',
    'get /api/decisions/{source}/{user}/{deviceId}',
    'get /api/devices',
    'get /api/devices/{source}/{user}/{deviceId}',
    'get /api/dlq',
    'get /api/dlq/{queue}',
    'get /api/enrolments',
    'get /api/gathers',
    'get /api/gathers/{runId}',
    'get /api/guards',
    'get /api/guards/{id}',
    'get /api/journal',
    'get /api/journal/heads',
    'get /api/links',
    'get /api/overview',
    'get /api/relays',
    'get /api/relays/{relayId}',
    'get /api/settings',
    'get /api/status',
    'post /api/actions',
    'post /api/actions/{id}/cancel',
    'post /api/actions/{id}/confirm',
    'post /api/bulks/{id}/cancel',
    'post /api/dlq/{queue}/drop',
    'post /api/dlq/{queue}/redrive',
    'post /api/enrolments',
    'post /api/gathers',
    'post /api/guards/{id}',
    'post /api/links',
    'post /api/plan',
    'post /api/relays',
    'post /api/settings',
  ]);
  const components = z.object({ schemas: z.record(z.string(), z.unknown()) }).parse(json.components);
  const references = [...JSON.stringify(json).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name ?? '');
  expect(references.length).toBeGreaterThan(20);
  expect(references.filter((name) => !(name in components.schemas))).toEqual([]);
});

test('none of these requests logged an internal error', () => {
  expect(gateway.errors).toEqual([]);
});
