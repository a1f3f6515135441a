/** Bulk work has a separate lane, from its request to the last check; single requests never wait behind it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { evaluationsQueue } from '#adapters/evaluations-queue';
import { inLanes, type Queue } from '#adapters/queues';
import type { ActionRequested } from '#domain/messages/events-in';
import { isStream } from '#functions/portal-events/portal-events';
import { type ManualQueue, manualQueue } from '#test/fixtures/manual-queue';
import { aRequest, enrolled, type Spine, sourceId, startSpine } from '#test/fixtures/spine';
import { requestAction } from '#use-cases/actions/request-action';

let spine: Spine;
let user: string;
let nth = 0;
let [single, bulk]: ManualQueue[] = [];
let lanes: Queue;
const deviceId = 'ApplL';

beforeAll(async () => {
  spine = await startSpine({ settings: { devicesPerUser: 0, autoApproveEnrolled: true } });
});
beforeEach(async () => {
  user = `Lane ${++nth}/Acme`;
  spine.simulator.setFaults([]);
  spine.simulator.arrive(user, { deviceId });
  await spine.gather(user);
  await spine.runUntilIdle();
  const [one, many] = [manualQueue(() => spine.clock.now), manualQueue(() => spine.clock.now)];
  [single, bulk, lanes] = [one, many, inLanes(one, many)];
});
afterAll(() => spine.stop());

const sent = (queue: ManualQueue | undefined) =>
  [...(queue?.sent ?? [])] as { kind?: string; actionId?: string; cause?: string }[];

function requesting() {
  return requestAction({
    findDevice: spine.actDependencies.devices.read,
    ledger: spine.ledger,
    decisions: spine.decisions,
    actionQueue: lanes,
    evaluations: evaluationsQueue(lanes),
    now: () => spine.clock.now,
  });
}
const asked = (actionId: string): ActionRequested => ({
  actionId,
  type: 'block',
  target: { sourceId, user, deviceId },
  requestedAt: spine.clock.now,
  requestedBy: { kind: 'person', name: 'ann' },
});

const carryOut = (actionId: string) =>
  spine.perform.action(
    { body: { actionId, sourceId, user, deviceId }, sentAt: spine.clock.now },
    { ...spine.actDependencies, evaluations: lanes },
  );

test('bulk work and its recheck use the slow lane; a later single request too', async () => {
  const request = asked('of many');
  await requesting()(request, { bulk: true });
  expect(sent(single)).toEqual([]);
  expect(sent(bulk).map(({ actionId, kind }) => actionId ?? kind)).toEqual(['of many', 'users']);
  expect((await requesting()(request)).outcome).toBe('accepted');
  expect(sent(single).map(({ actionId, kind }) => actionId ?? kind)).toEqual(['users']);
});

test("what follows an action's end, or its next try, uses the action's lane", async () => {
  for (const many of [true, false]) {
    const actionId = `ends ${many}`;
    const device = await spine.device({ user, deviceId });
    const wanted = aRequest(device, { actionId, type: 'block', requestedAt: ++spine.clock.now, ...(many ? { bulk: true } : {}) });
    await spine.ledger.request(wanted);
    spine.simulator.setFaults([{ kind: 'status', code: 500, on: 'detail', times: 1 }]);
    await carryOut(actionId);
    spine.clock.now += 900_000;
    await carryOut(actionId);
    expect((await spine.ledger.read(actionId))?.state).toBe('confirmed');
  }
  expect([sent(bulk).length, sent(single).length]).toEqual([2, 2]);
});

test('the messages that resume a source wait behind none of its actions', async () => {
  const device = await spine.device({ user, deviceId });
  await spine.ledger.request(aRequest(device, { actionId: 'pauses', type: 'block', requestedAt: ++spine.clock.now, bulk: true }));
  spine.simulator.setFaults([{ kind: 'status', code: 503, retryAfter: '60', on: 'detail', times: 1 }]);
  await carryOut('pauses');
  expect([sent(single).map(({ kind }) => kind), sent(bulk)]).toEqual([['resume'], []]);
  await spine.sources.update(sourceId, { problem: null, retryAt: null, pause: null });
});

test('reevaluating a whole source uses the slow lane, as do its actions', async () => {
  const deps = { ...spine.evaluateDependencies, evaluations: lanes, actions: lanes };
  await spine.enrolments.put(enrolled('of many', { mailDeviceIds: [deviceId] }));
  await spine.perform.evaluation({ kind: 'everyone', sourceId, cause: 'new settings' }, deps);
  const parts = sent(bulk);
  expect(parts.length).toBeGreaterThan(0);
  for (const part of parts) await spine.perform.evaluation(part, deps);
  const actions = sent(bulk).filter(({ actionId }) => actionId !== undefined);
  expect(actions.length).toBeGreaterThan(0);
  expect(sent(single).filter(({ actionId }) => actionId !== undefined)).toEqual([]);
});

test('five action requests in one batch are a stream; a few are not', () => {
  const request = '{"detail-type":"ActionRequested"}';
  const enrolment = '{"detail-type":"EnrolmentChanged"}';
  expect(isStream(Array(5).fill(request))).toBe(true);
  expect(isStream([...Array(4).fill(request), ...Array(6).fill(enrolment)])).toBe(false);
});
