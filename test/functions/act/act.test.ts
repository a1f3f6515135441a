/** One action at a Traveler server with realistic faults: it refuses, does not answer, answers wrongly, or has a newer state. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Action, ActionType } from '#domain/actions/action';
import type { Device } from '#domain/devices/device';
import { aRequest, newDevice, type Spine, sourceId, startSpine } from '#test/fixtures/spine';

let spine: Spine;
let count = 0;
let user: string;
const deviceId = 'ApplONE';

beforeAll(async () => {
  spine = await startSpine();
});
beforeEach(async () => {
  user = `Act ${++count}/Acme`;
  spine.simulator.arrive(user, { deviceId });
  await spine.gather(user);
  await spine.runUntilIdle();
});
afterEach(async () => {
  spine.simulator.setFaults([]);
  spine.simulator.setPassword(password);
  await spine.sources.update(sourceId, { problem: null, retryAt: null, pause: null });
});
afterAll(() => spine.stop());
const password = 'pässwörd';

const onServer = () => spine.simulator.find(user, deviceId);
const effects = () => spine.effectsOn(user, deviceId);
const stored = () => spine.device({ user, deviceId });

/** Requests as a person does; the id is unique to the test. */
async function ask(type: ActionType, deviation: Partial<Action> = {}): Promise<string> {
  const actionId = deviation.actionId ?? `${type} ${count}`;
  await spine.ask(aRequest(await stored(), { actionId, type, requestedAt: spine.clock.now, ...deviation }));
  return actionId;
}
async function read(actionId: string): Promise<Action> {
  const found = await spine.ledger.read(actionId);
  if (!found) throw new Error(`no action ${actionId}`);
  return found;
}
const states = (action: Action) => action.history.map(({ state }) => state);

test('an approval is written once, read back, and recorded with all its facts', async () => {
  const id = await ask('approve', { reason: 'New phone' });
  await spine.runUntilIdle();
  const action = await read(id);
  expect(action).toMatchObject({
    state: 'confirmed',
    before: { approval: 'pending' },
    after: { approval: 'approved', access: 'allow' },
    claim: null,
    outcome: null,
  });
  expect(states(action)).toEqual(['requested', 'queued', 'dispatched', 'applied', 'confirmed']);
  expect(effects()).toEqual([{ approval_policy: 2 }]);
  const lines = (await spine.timeline.read({ sourceId, user, deviceId })).reverse();
  const steps = lines.filter(({ kind }) => kind === 'action-step');
  expect(steps.map(({ data }) => [data.step, data.state])).toEqual([
    [0, 'requested'],
    [1, 'queued'],
    [2, 'dispatched'],
    [3, 'applied'],
  ]);
  expect(steps[0]?.says).toBe('Approval asked for by ann.');
  const [line] = lines.filter(({ kind }) => kind === 'action');
  expect(line?.says).toMatch(/^Approval asked for by ann: confirmed by reading back after/);
  expect(line?.data).toMatchObject({
    reason: 'New phone',
    requestedBy: { name: 'ann' },
    durations: { queued: expect.any(Number) },
  });
  expect(await stored()).toMatchObject({ detail: { approval: 'approved' }, openAction: null });
});

test('a redelivered message changes nothing', async () => {
  const id = await ask('approve');
  await spine.runUntilIdle();
  const ended = await read(id);
  for (let again = 0; again < 3; again++)
    await spine.perform.action({ body: { sourceId, user, deviceId, actionId: id }, sentAt: spine.clock.now });
  await spine.runUntilIdle();
  expect(effects()).toHaveLength(1);
  expect(await read(id)).toEqual(ended);
});

test('a device already in the wanted state is confirmed without a write', async () => {
  spine.simulator.adminApprove(onServer() ?? spine.simulator.deviceAt(0));
  const id = await ask('approve');
  await spine.runUntilIdle();
  expect(await read(id)).toMatchObject({
    state: 'confirmed',
    history: expect.arrayContaining([expect.objectContaining({ note: expect.stringContaining('Already so') })]),
  });
  expect(effects()).toEqual([]);
});

test('a server that answers OK and does nothing fails the action, with a remedy', async () => {
  spine.simulator.setFaults([{ kind: 'ignored-writes' }]);
  const id = await ask('block');
  await spine.runUntilIdle();
  const action = await read(id);
  expect(action.state).toBe('failed');
  expect(action.outcome).toMatch(/accepted the block, and the device still shows pending.*Deny it on the Traveler server/);
  expect(await stored()).toMatchObject({ denial: null, openAction: null });
});

test('an answer lost after the effect is resolved by reading: one write', async () => {
  spine.simulator.setFaults([{ kind: 'lost-answer', on: 'write', times: 1 }]);
  const id = await ask('block');
  await spine.runUntilIdle();
  const action = await read(id);
  expect(action.state).toBe('confirmed');
  expect(states(action)).toContain('unknown');
  expect(effects()).toHaveLength(1);
  expect((await stored()).denial).toMatchObject({ kind: 'block', actionId: id });
});

test('a busy server is retried until it answers, and the action is confirmed', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, on: 'detail', times: 3 }]);
  const id = await ask('approve');
  await spine.runUntilIdle();
  const action = await read(id);
  expect(action).toMatchObject({ state: 'confirmed', attempts: 4 });
  expect(effects()).toHaveLength(1);
});

test('a write that the server postpones is retried, and nothing is doubled', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, on: 'write', times: 2 }]);
  const id = await ask('block');
  await spine.runUntilIdle();
  expect((await read(id)).state).toBe('confirmed');
  expect(effects()).toHaveLength(1);
});

test('an action expires with a reason when its server is down past the deadline', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, on: 'detail' }]);
  const id = await ask('approve', { expiresAt: spine.clock.now + 7_200_000 });
  await spine.runUntilIdle({ forMs: 7_300_000 });
  const action = await read(id);
  expect(action).toMatchObject({ state: 'expired', outcome: expect.stringContaining('deadline') });
  expect(action.history.length).toBeLessThan(200);
  expect(effects()).toEqual([]);
  // The person's decision is still in effect, so Auto-Quarantine carries it out.
  expect((await stored()).openAction).toMatchObject({ actionId: expect.stringMatching(/^aq-/), type: 'approve' });
  spine.simulator.setFaults([]);
  await spine.runUntilIdle();
  expect(effects()).toHaveLength(1);
});

test('an action behind a cancelled one becomes the open one and is sent', async () => {
  const id = await ask('approve', { state: 'waiting', notBefore: spine.clock.now + 600_000 });
  const own = { requestedBy: { kind: 'aq', name: 'Auto-Quarantine' }, purpose: 'verdict', rule: 'over-allowance' } as const;
  const called = `aq ${count}`;
  await spine.ledger.request(aRequest(await stored(), { ...own, actionId: called, type: 'block', requestedAt: spine.clock.now }));
  expect((await stored()).openAction?.actionId).toBe(called);
  await spine.evaluate(user);
  await spine.runUntilIdle({ forMs: 10_000 });
  expect((await read(called)).state).toBe('cancelled');
  expect((await stored()).openAction?.actionId).toBe(id);
  await spine.runUntilIdle();
  expect((await read(id)).state).toBe('confirmed');
});

test('a wrong password pauses the source after one try, until it is corrected', async () => {
  spine.simulator.arrive(user, { deviceId: 'ApplTWO' });
  await spine.gather(user);
  await spine.runUntilIdle();
  const two = await spine.device({ user, deviceId: 'ApplTWO' });
  spine.simulator.setPassword('changed');
  const before = spine.simulator.counts.requests.detail ?? 0;
  const first = await ask('approve');
  const second = `second ${count}`;
  await spine.ask(aRequest(two, { actionId: second, type: 'block', requestedAt: spine.clock.now }));
  await spine.runUntilIdle({ forMs: 1_200_000 });
  expect((spine.simulator.counts.requests.detail ?? 0) - before).toBe(1);
  expect((await spine.sources.read(sourceId)).problem).toMatchObject({ kind: 'denied' });
  expect([(await read(first)).state, (await read(second)).state]).toEqual(['waiting', 'waiting']);
  spine.simulator.setPassword(password);
  await spine.runUntilIdle({ forMs: 4_000_000 });
  expect([(await read(first)).state, (await read(second)).state]).toEqual(['confirmed', 'confirmed']);
  expect((await spine.sources.read(sourceId)).problem).toBeNull();
});

test('a read-only account fails the action at once, and the source continues', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 403, on: 'write' }]);
  const id = await ask('block');
  await spine.runUntilIdle();
  expect(await read(id)).toMatchObject({ state: 'failed', attempts: 1 });
  expect((await spine.sources.read(sourceId)).problem).toBeNull();
  expect((await stored()).denial).toBeNull();
});

test('a newer request supersedes an unsent older one: only the block is done', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, on: 'detail', times: 1 }]);
  const approve = await ask('approve');
  await spine.turn();
  await spine.turn();
  expect((await read(approve)).state).toBe('waiting');
  const block = await ask('block', { requestedAt: spine.clock.now + 10 });
  await spine.runUntilIdle();
  expect((await read(approve)).state).toBe('superseded');
  expect((await read(block)).state).toBe('confirmed');
  expect(effects()).toEqual([{ approval_policy: 8, access_status: 1 }]);
});

test('an action requested before a new registration is rejected as stale', async () => {
  const before = await stored();
  await spine.put({ ...before, registeredAt: before.registeredAt + 1000 });
  const request = aRequest(before, { actionId: `stale ${count}`, type: 'block', requestedAt: spine.clock.now });
  await spine.ask(request);
  await spine.turn();
  expect(await read(request.actionId)).toMatchObject({ state: 'failed', outcome: expect.stringContaining('stale') });
  expect(effects().filter((body) => JSON.stringify(body).includes('"approval_policy":8'))).toEqual([]);
});

test('an action without a connected relay waits for it, and expires at its deadline', async () => {
  const device: Device = { ...newDevice({ ...(await stored()), now: spine.clock.now }), sourceId: 'hq' };
  await spine.put(device);
  const request = aRequest(device, {
    actionId: `hq ${count}`,
    type: 'block',
    requestedAt: spine.clock.now,
    expiresAt: spine.clock.now + 3_000_000,
  });
  await spine.ask(request);
  await spine.perform.evaluation({ kind: 'users', sourceId: 'hq', users: [user], cause: 'test' });
  await spine.runUntilIdle({ forMs: 1_000_000 });
  expect(await read(request.actionId)).toMatchObject({ state: 'waiting', waitsFor: 'source' });
  spine.clock.now += 4_000_000;
  await spine.perform.evaluation({ kind: 'users', sourceId: 'hq', users: [user], cause: 'the reaper' });
  await spine.runUntilIdle();
  expect(await read(request.actionId)).toMatchObject({ state: 'expired' });
});

test('an approval does not lift an administrator’s denial, and names the denial', async () => {
  const device = onServer();
  if (device) spine.simulator.adminChange(device, { approval: 2, access: 1 });
  const id = await ask('approve');
  await spine.runUntilIdle();
  expect(effects()).toEqual([{ approval_policy: 2 }]);
  expect(await read(id)).toMatchObject({ state: 'failed', outcome: expect.stringContaining('that bar is not ours') });
});

test('a record address that leads to another device is never written to', async () => {
  const other = spine.simulator.arrive(`Other ${count}/Acme`, { deviceId: 'ApplOTHER' });
  await spine.put({ ...(await stored()), href: other.href });
  const id = await ask('block', { expiresAt: spine.clock.now + 60_000 });
  await spine.runUntilIdle({ forMs: 120_000 });
  expect(await read(id)).toMatchObject({ state: 'expired' });
  expect(spine.effectsOn(other.user, other.deviceId)).toEqual([]);
});

test('a block waits for a pending wipe, so that the phone can fetch it', async () => {
  const device = onServer();
  if (device) spine.simulator.adminChange(device, { wipeOptions: 'wipeDevice', wipeStatus: '1' });
  const id = await ask('block');
  await spine.runUntilIdle({ forMs: 30_000 });
  expect(await read(id)).toMatchObject({ state: 'waiting' });
  expect(effects()).toEqual([]);
  if (device) spine.simulator.completeWipe(device);
  await spine.runUntilIdle();
  expect(await read(id)).toMatchObject({ state: 'confirmed' });
});

test('the same id with other content is rejected, and the first is unchanged', async () => {
  const id = await ask('approve');
  const again = await spine.ledger.request(
    aRequest(await stored(), { actionId: id, type: 'block', requestedAt: spine.clock.now }),
  );
  expect(again.outcome).toBe('different');
  await spine.runUntilIdle();
  expect(effects()).toEqual([{ approval_policy: 2 }]);
});

test('an attempt that waits has a line for each step, with the reason', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, on: 'detail', times: 3 }]);
  const id = await ask('approve');
  await spine.runUntilIdle();
  const { history } = await read(id);
  const steps = (await spine.timeline.read({ sourceId, user, deviceId })).filter(({ kind }) => kind === 'action-step').reverse();
  expect(steps.map(({ data }) => data.step)).toEqual(steps.map((_, index) => index));
  expect(steps.map(({ data }) => data.state)).toEqual(history.slice(0, -1).map(({ state }) => state));
  expect(steps.find(({ data }) => data.state === 'waiting')?.says).toMatch(/^Approval waits: .*503/);
});
