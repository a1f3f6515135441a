import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { gatherMessage } from '#domain/messages/queue-messages';
import { defaultSettings } from '#domain/quarantine/settings';
import { EventRejected, portalEvents } from '#functions/portal-events/portal-events';
import { aDevice, anEnrolment, janes, type PortalSide, start, startPortalSide } from './portal-side.ts';

let side: PortalSide;
let eventCount = 0;
beforeEach(async () => {
  side = await startPortalSide();
});
afterEach(() => side.stop());

const envelope = (kind: string, detail: unknown, time = new Date(start).toISOString()) =>
  JSON.stringify({ id: `event-${++eventCount}`, source: 'portal', 'detail-type': kind, time, detail });
const take = (kind: string, detail: unknown, time?: string) =>
  portalEvents(side.requests)(envelope(kind, detail, time), side.clock.now);

async function faultsOf(handling: Promise<unknown>): Promise<string[]> {
  const error = await handling.then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof EventRejected)) throw error;
  return error.faults.map(({ path }) => path);
}
/** Users sent to evaluation, and sources of which everyone was, since the last call. */
async function evaluated(): Promise<string[]> {
  const messages = (await side.queues.drain('evaluations')) as { kind: string; sourceId: string; users?: string[] }[];
  const named = messages.flatMap(({ sourceId, users = ['everyone'] }) => users.map((user) => `${sourceId}: ${user}`));
  return [...new Set(named)].sort();
}
/** The portal has sent events before: its first event alone would evaluate everyone. */
async function portalHeard() {
  await side.requests.takeEnrolments([]);
  await side.queues.drain('evaluations');
}
const action = { actionId: 'A1', requestedAt: start, requestedBy: { kind: 'person', name: 'Ann' }, type: 'block', target: janes };

test('an enrolment sends exactly the affected users to evaluation', async () => {
  await side.store(aDevice());
  await side.store(aDevice({ user: 'John Roe/Acme', deviceId: 'XYZ' }));
  await portalHeard();
  await take('EnrolmentChanged', { enrolment: anEnrolment(), unknownExtra: true });
  expect(await evaluated()).toEqual(['cloud: Jane Doe/Acme']);
  expect((await side.requests.stores.enrolments.read('E1'))?.status).toBe('Enrolled');
});

test('the first event of a new portal sends everyone to evaluation, once', async () => {
  await take('EnrolmentChanged', { enrolment: anEnrolment() });
  expect(await evaluated()).toEqual(['cloud: everyone', 'hq: everyone']);
  await take('EnrolmentChanged', { enrolment: anEnrolment({ version: 2 }) });
  expect(await evaluated()).toEqual([]);
});

test('an enrolment that moves to another device sends the owners of both to evaluation', async () => {
  await side.store(aDevice());
  await side.store(aDevice({ user: 'John Roe/Acme', deviceId: 'XYZ' }));
  await portalHeard();
  await take('EnrolmentChanged', { enrolment: anEnrolment() });
  await evaluated();
  const user = { email: 'john@acme.com', name: 'Somebody' };
  await take('EnrolmentChanged', { enrolment: anEnrolment({ version: 2, mailDeviceIds: ['XYZ'], user }) });
  expect(await evaluated()).toEqual(['cloud: Jane Doe/Acme', 'cloud: John Roe/Acme']);
});

test('a repeated event is evaluated again; an older one changes nothing', async () => {
  await side.store(aDevice());
  await portalHeard();
  await take('EnrolmentChanged', { enrolment: anEnrolment({ version: 2 }) });
  await take('EnrolmentChanged', { enrolment: anEnrolment({ version: 2 }) });
  expect(await evaluated()).toEqual(['cloud: Jane Doe/Acme']);
  await take('EnrolmentChanged', { enrolment: anEnrolment({ version: 1, status: 'Removed' }) });
  expect(await evaluated()).toEqual([]);
  expect((await side.requests.stores.enrolments.read('E1'))?.status).toBe('Enrolled');
});

test('a crash between storing and sending is repaired by the same event', async () => {
  await side.store(aDevice());
  await side.store(aDevice({ user: 'John Roe/Acme', deviceId: 'XYZ' }));
  await portalHeard();
  const { enrolments } = side.requests.stores;
  const moved = anEnrolment({ version: 2, mailDeviceIds: ['XYZ'], user: { email: 'john@acme.com' } });
  await enrolments.put(anEnrolment());
  await enrolments.put(moved);
  await take('EnrolmentChanged', { enrolment: moved });
  expect(await evaluated()).toEqual(['cloud: Jane Doe/Acme', 'cloud: John Roe/Acme']);
});

test('a malformed event is rejected naming each field, and nothing is stored', async () => {
  const wrong = { ...anEnrolment(), version: 'two', mailConfiguration: 'by hand' };
  const fields = await faultsOf(take('EnrolmentChanged', { enrolment: wrong }));
  expect(fields.sort()).toEqual(['detail.enrolment.mailConfiguration', 'detail.enrolment.version']);
  expect(await side.requests.stores.enrolments.read('E1')).toBeNull();
  expect(await faultsOf(take('SomethingElse', {}))).toEqual(['detail-type']);
  expect(await faultsOf(portalEvents(side.requests)('no json', 0))).toEqual(['body']);
  expect(await faultsOf(portalEvents(side.requests)('{"id":"1"}', 0))).toContain('detail-type');
});

test('a rejection never repeats the value that it rejects', async () => {
  const secret = 'jane.doe-secret-value';
  const wrong = { enrolment: { ...anEnrolment(), mailConfiguration: secret, version: secret, mailDeviceIds: secret } };
  const error = await take('EnrolmentChanged', wrong).catch((reason: unknown) => reason);
  expect(JSON.stringify([error, String(error)])).not.toContain(secret);
});

test("a person's block becomes an action, a decision, a line and an evaluation", async () => {
  await side.store(aDevice());
  await take('ActionRequested', { ...action, reason: 'lost' });
  expect(await side.queues.drain('actions')).toEqual([{ ...janes, actionId: 'A1' }]);
  const { stores } = side.requests;
  expect(await stores.ledger.read('A1')).toMatchObject({ state: 'queued', type: 'block', registeredAt: start - 1000 });
  expect(await stores.decisions.of(janes)).toMatchObject([{ decisionId: 'A1', decided: 'block', at: start, reason: 'lost' }]);
  expect((await stores.timeline.read(janes)).map(({ says }) => says)).toEqual([
    'Blocked by Ann: lost',
    'Block asked for by Ann: lost.',
  ]);
  expect(await evaluated()).toEqual(['cloud: Jane Doe/Acme']);
});

test('the same action twice is one action; other content is rejected', async () => {
  await side.store(aDevice());
  await take('ActionRequested', action);
  await take('ActionRequested', action);
  expect(await side.queues.drain('actions')).toHaveLength(1);
  expect(await faultsOf(take('ActionRequested', { ...action, type: 'approve' }))).toEqual(['detail.actionId']);
  expect(await side.requests.stores.decisions.of(janes)).toMatchObject([{ decided: 'block' }]);
});

test('an action on an unknown device, or an empty wipe, is rejected', async () => {
  expect(await faultsOf(take('ActionRequested', action))).toEqual(['detail.target']);
  expect(await faultsOf(take('ActionRequested', { ...action, type: 'wipe' }))).toEqual(['detail.wipe']);
  expect(await side.requests.stores.ledger.read('A1')).toBeNull();
});

test('a withdrawn decision ends earlier ones, and the user is evaluated again', async () => {
  await side.store(aDevice());
  await take('ActionRequested', { ...action, requestedAt: start + 400 });
  await evaluated();
  await take('DecisionWithdrawn', { target: janes, decidedBy: 'Bob' });
  const [decision] = await side.requests.stores.decisions.of(janes);
  expect(decision?.withdrawnAt).toBe(start + 999);
  expect(await evaluated()).toEqual(['cloud: Jane Doe/Acme']);
});

test('published settings are stored, gathered and evaluated; older and unknown ones are not', async () => {
  const publish = (version: number, more = {}) => {
    const settings = { ...defaultSettings, devicesPerUser: version };
    return take('SettingsPublished', { settings, version, publishedBy: 'Ann', publishedAt: start, ...more });
  };
  await publish(3);
  expect((await side.requests.stores.settings.current('cloud')).settings.devicesPerUser).toBe(3);
  expect(await evaluated()).toEqual(['cloud: everyone', 'hq: everyone']);
  const gathers = z.array(gatherMessage).parse(await side.queues.drain('gather'));
  expect(gathers.map(({ sourceId, reason }) => `${sourceId} ${reason}`).toSorted()).toEqual(['cloud settings', 'hq settings']);
  await publish(2);
  expect(await evaluated()).toEqual([]);
  expect((await side.requests.stores.settings.current('cloud')).settings.devicesPerUser).toBe(3);
  expect(await faultsOf(publish(4, { sourceId: 'nowhere' }))).toEqual(['detail.sourceId']);
  expect(await faultsOf(publish(5, { settings: { ...defaultSettings, devicesPerUser: -1 } }))).toEqual([
    'detail.settings.devicesPerUser',
  ]);
});

test('a gather requested by event is one run, however often the event arrives', async () => {
  const body = envelope('GatherRequested', { sourceId: 'cloud' });
  await portalEvents(side.requests)(body, start);
  await portalEvents(side.requests)(body, start);
  const runs = (await side.queues.drain('gather')) as { runId: string }[];
  expect(new Set(runs.map(({ runId }) => runId)).size).toBe(1);
  expect(await side.requests.stores.runs.lastRuns('cloud', 5)).toHaveLength(1);
  await take('GatherRequested', { sourceId: 'hq' });
  expect(await side.queues.drain('gather')).toMatchObject([{ sourceId: 'hq', reason: 'request' }]);
  expect(await faultsOf(take('GatherRequested', { sourceId: 'nowhere' }))).toEqual(['detail.sourceId']);
});

test('a snapshot is applied with its last part, and ends enrolments it omits', async () => {
  await side.store(aDevice());
  await side.store(aDevice({ user: 'John Roe/Acme', deviceId: 'XYZ' }));
  await take('EnrolmentChanged', { enrolment: anEnrolment() });
  await take('EnrolmentChanged', { enrolment: anEnrolment({ id: 'LATE', changedAt: start + 60_000, mailDeviceIds: ['L'] }) });
  await evaluated();
  const johns = anEnrolment({ id: 'E2', user: { email: 'john@acme.com' }, mailDeviceIds: ['XYZ'] });
  const part = async (number: number, enrolments: unknown[]) => {
    await take('EnrolmentSnapshot', { snapshotId: 'S1', part: number, parts: 2, enrolments });
    await side.takeWhole();
  };
  await part(2, [johns]);
  expect(await side.requests.stores.enrolments.read('E2')).toBeNull();
  await part(1, []);
  const read = async (id: string) => (await side.requests.stores.enrolments.read(id))?.status;
  expect([await read('E2'), await read('E1'), await read('LATE')]).toEqual([
    'Enrolled',
    'not in the portal’s last snapshot',
    'Enrolled',
  ]);
  expect(await evaluated()).toEqual(['cloud: Jane Doe/Acme', 'cloud: John Roe/Acme']);
  await part(1, []);
  expect(await read('E1')).toBe('not in the portal’s last snapshot');
  expect(await faultsOf(part(3, []))).toEqual(['detail.part']);
});

test('an earlier snapshot that arrives late ends nothing', async () => {
  const snapshot = async (snapshotId: string, at: number, enrolments: unknown[]) => {
    await take('EnrolmentSnapshot', { snapshotId, part: 1, parts: 1, enrolments }, new Date(at).toISOString());
    await side.takeWhole();
  };
  await snapshot('later', start + 1000, [anEnrolment()]);
  await snapshot('earlier', start, []);
  expect((await side.requests.stores.enrolments.read('E1'))?.status).toBe('Enrolled');
});
