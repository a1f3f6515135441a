/** What waited for a person continues when it is confirmed, decided on the state at that time; nothing of it happens before. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Enrolment } from '#domain/enrolment/enrolment';
import { portalEvents } from '#functions/portal-events/portal-events';
import { aqOn, connected, devicesOfUser, enrolledAs, type FleetSide, idOf, source, startFleetSide } from './fleet-side.ts';

const fleetSize = 100;
const enrolledOnes = 60;
const kept = 9;
const affectedIds = Array.from({ length: enrolledOnes - kept }, (_, index) => idOf(kept + index));
const detail = { wipeTypes: '', compliance: '', approvalDate: null, approvers: [], wipeDate: null, codes: {} };

let side: FleetSide;
beforeEach(async () => {
  side = await startFleetSide();
});
afterEach(() => side.stop());

/** One portal user for all phones of a Traveler user: nothing about them is ambiguous. */
const enrolled = (index: number, version = 1): Enrolment => ({
  ...enrolledAs(index, 'pushed', version),
  user: { email: `user${Math.floor(index / devicesOfUser)}@acme.com` },
});
const waiting = async () => (await side.guards.waiting()).filter(({ state }) => state === 'waiting');
async function onlyGuard(): Promise<string> {
  const [guard, ...more] = await waiting();
  if (!guard || more.length > 0) throw new Error(`one guard should wait, there are ${more.length + (guard ? 1 : 0)}`);
  return guard.guardId;
}
const blockedIds = async () =>
  (await side.devices()).filter(({ detail: now }) => now?.access === 'deny').map(({ deviceId }) => deviceId);

/** As the portal puts it on the bus: part by part, in any order, some of them twice. */
async function snapshot(snapshotId: string, enrolments: readonly Enrolment[]): Promise<void> {
  const parts = [enrolments.slice(0, 4), enrolments.slice(4, 7), enrolments.slice(7)];
  for (const part of [3, 1, 3, 2, 1]) {
    const body = { snapshotId, part, parts: parts.length, enrolments: parts[part - 1] };
    const event = { id: `${snapshotId}-${part}`, source: 'portal', 'detail-type': 'EnrolmentSnapshot', detail: body };
    side.clock.now += 1;
    const time = new Date(side.clock.now).toISOString();
    await portalEvents(side.requests)(JSON.stringify({ ...event, time }), side.clock.now);
  }
  await side.takeWhole();
  await side.runEvaluations();
}

test('a snapshot beyond the guard waits as a whole, and is rejected or reevaluated', async () => {
  // Enrolled phones have access by their enrolment alone, and the server cannot block anybody: we do.
  await side.inForce({ ...aqOn, devicesPerUser: 0, autoApproveEnrolled: true });
  const { server } = await side.sources.read(source);
  await side.sources.update(source, { server: { ...server, settingsAccess: 'unavailable' } });
  const open = { ...detail, approval: 'not-required', access: 'allow', wipe: 'none' } as const;
  await side.putDevices(
    Array.from({ length: fleetSize }, (_, index) => connected(index, index < enrolledOnes ? { detail: open } : {})),
  );
  const all = Array.from({ length: enrolledOnes }, (_, index) => enrolled(index));
  await side.requests.importEnrolments(all, 'test');
  await side.queues.drain('evaluations');
  await side.decideEveryone();
  const stored = async () => (await side.requests.stores.enrolments.list(null, 500)).enrolments;
  const before = [await side.shown(), await stored()];

  await snapshot('S1', all.slice(0, kept));
  expect(await side.guards.read(await onlyGuard())).toMatchObject({
    kind: 'snapshot',
    sources: { [source]: { trips: true, affected: affectedIds.length, devices: fleetSize } },
  });
  expect([await side.shown(), await stored()]).toEqual(before);
  expect(await side.queues.drain('actions')).toEqual([]);
  await side.requests.decideGuard(await onlyGuard(), { decision: 'reject', by: 'bob' });
  await snapshot('S1', all.slice(0, kept));
  expect([await waiting(), await side.shown(), await stored()]).toEqual([[], ...before]);

  await snapshot('S2', all.slice(0, kept));
  const guardId = await onlyGuard();
  // While it waits, a person approves one of them, and another enrolment arrives again.
  const [approved = '', again = ''] = affectedIds;
  const target = {
    sourceId: source,
    user: (await side.devices()).find(({ deviceId }) => deviceId === approved)?.user ?? '',
    deviceId: approved,
  };
  const request = { actionId: 'spare', requestedAt: side.clock.now, requestedBy: { kind: 'person', name: 'ann' } } as const;
  await side.requests.requestAction({ ...request, type: 'approve', target });
  await side.runEvaluations();
  await side.carryOut();
  expect((await side.requests.decideGuard(guardId, { decision: 'confirm', by: 'bob' }))?.guard.state).toBe('confirmed');
  await side.takeWhole();
  await side.requests.takeEnrolments([enrolled(kept + 1, 2)]);
  await side.runEvaluations();
  const left = affectedIds.filter((id) => id !== approved && id !== again);
  expect((await side.carryOut()).filter((one) => one.startsWith('block'))).toEqual(left.map((id) => `block ${id}`));
  expect(await blockedIds()).toEqual(left);
}, 240_000);

test("a gather's changes wait; confirmed, every user is decided on the current state", async () => {
  await side.inForce({ ...aqOn, devicesPerUser: 0, autoApproveByPolicy: true });
  await side.putDevices(Array.from({ length: fleetSize }, (_, index) => connected(index)));
  await side.requests.importEnrolments(
    Array.from({ length: enrolledOnes }, (_, index) => enrolledAs(index, 'pushed')),
    'test',
  );
  await side.queues.drain('evaluations');
  await side.decideEveryone();
  // What the portal says by now; the gather's users are the first to be decided on it.
  for (let index = kept; index < enrolledOnes; index++) await side.requests.stores.enrolments.put(enrolledAs(index, 'manual', 2));
  const users = [...new Set((await side.devices()).map(({ user }) => user))];
  const parts = [users.slice(0, 2), users.slice(2)].map((some, part) => ({
    body: { kind: 'users', sourceId: source, users: some, cause: 'gather R', assess: { runId: 'R', part, parts: 2 } },
  }));
  await side.dependencies.evaluations.send(parts.toReversed());
  await side.runEvaluations();
  const guardId = (await side.sources.read(source)).guard ?? '';
  expect(await side.guards.read(guardId)).toMatchObject({
    kind: 'gather',
    state: 'waiting',
    sources: { [source]: { affected: affectedIds.length } },
  });
  expect(await side.queues.drain('actions')).toEqual([]);
  expect(side.alarms).toEqual([guardId]);

  const [corrected = ''] = affectedIds;
  await side.requests.takeEnrolments([enrolledAs(kept, 'pushed', 3)]);
  await side.runEvaluations();
  expect((await side.requests.decideGuard(guardId, { decision: 'confirm', by: 'bob' }))?.guard).toMatchObject({
    state: 'confirmed',
    decidedBy: 'bob',
  });
  expect((await side.sources.read(source)).guard).toBeNull();
  await side.runEvaluations();
  const left = affectedIds.filter((id) => id !== corrected);
  expect(await side.carryOut()).toEqual(left.map((id) => `block ${id}`));
  expect(await blockedIds()).toEqual(left);
  await side.runEvaluations();
  expect(await waiting()).toEqual([]);
}, 240_000);
