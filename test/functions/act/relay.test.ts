/** On-premises actions: what is sent to the relay, and how each of its answers ends the action. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { resultOutgoing } from '#adapters/action-queue';
import type { Action, ActionType } from '#domain/actions/action';
import type { Device, DeviceDetail } from '#domain/devices/device';
import type { FailureKind } from '#domain/devices/source';
import type { ActionCommand, ActionOutcome, RelayProblem } from '#domain/relay/relay-protocol';
import { aRequest, newDevice, type Spine, startSpine } from '#test/fixtures/spine';

const hq = 'hq';
const deviceId = 'ApplONE';
let spine: Spine;
let count = 0;
let counter = 0;
let user: string;

beforeAll(async () => {
  spine = await startSpine();
});
beforeEach(async () => {
  user = `Relayed ${++count}/Acme`;
  // The guard on wipes counts by the hour; the lease of an earlier test has expired.
  spine.clock.now += 3_600_001;
  await spine.sources.update(hq, { problem: null, retryAt: null, pause: null });
  await spine.put(device());
  spine.relay.posted.length = 0;
  await hold();
});
// What a test left open does not affect the next one.
afterEach(() => {
  for (const queue of [spine.actions, spine.evaluations])
    while (queue.size > 0) for (const one of queue.take(Number.MAX_SAFE_INTEGER, 0)) one.delete();
});
afterAll(() => spine.stop());

const free: DeviceDetail = {
  approval: 'approved',
  access: 'allow',
  wipe: 'none',
  wipeTypes: '1',
  compliance: 'no-policy',
  approvalDate: null,
  approvers: [],
  wipeDate: null,
  codes: { requested_wipe_options: '', wipe_request_status: '0' },
};
const blocked: DeviceDetail = { ...free, approval: 'denied', access: 'deny' };
const waitingDetail: DeviceDetail = { ...free, approval: 'pending', access: 'deny' };
const wiping: DeviceDetail = {
  ...free,
  wipe: 'requested',
  access: 'deny',
  codes: { requested_wipe_options: 'wipeDevice', wipe_request_status: '1' },
};

function device(deviation: Partial<Device> = {}): Device {
  const seen = { provider: 'iPhone', type: 'Apple-iPhone14C5', level: '1', notification: 'activesync', lastSync: null };
  const record = { user, deviceId, ...seen, href: `/api/traveler/devices/${count}`, detail: free, baselineRun: null };
  return { ...newDevice({ ...record, now: spine.clock.now }), sourceId: hq, ...deviation };
}

/** How long a relay holds the lease. */
const hold = (lengthMs = 30 * 60_000) =>
  spine.relay.leases.take(hq, { relayId: 'relay-1', connectionId: 'relay-1-1' }, { now: spine.clock.now, lengthMs });
const releaseLease = () => spine.relay.leases.release(hq, 'relay-1', { now: spine.clock.now });

async function ask(type: ActionType, deviation: Partial<Action> = {}): Promise<string> {
  const stored = await spine.actDependencies.devices.read({ sourceId: hq, user, deviceId });
  if (!stored) throw new Error('the device is not stored');
  const actionId = deviation.actionId ?? `${type} ${count} ${++counter}`;
  spine.clock.now += 1;
  await spine.ask(aRequest(stored, { actionId, type, requestedAt: spine.clock.now, ...deviation }));
  await spine.runUntilIdle(now);
  return actionId;
}
const now = { forMs: 100 };
const commands = (actionId: string): ActionCommand[] =>
  spine.relay.said('action').filter((command) => command.actionId === actionId);
function lastCommand(actionId: string): ActionCommand {
  const command = commands(actionId).at(-1);
  if (!command) throw new Error(`nothing was sent for ${actionId}`);
  return command;
}
const durations = { toWrite: 5, total: 10 };

/** The relay reports the result: each message with its own number, as after a restart. */
async function report(actionId: string, outcome: ActionOutcome, { attempt = lastCommand(actionId).attempt } = {}): Promise<void> {
  const { fence } = lastCommand(actionId);
  const result = { relayId: 'relay-1', n: ++counter, fence, attempt, outcome, took: durations };
  await spine.actions.send([resultOutgoing({ sourceId: hq, user, deviceId }, actionId, result)]);
  await spine.runUntilIdle(now);
}
/** Until it has been sent to the relay once more. */
async function nextCommand(actionId: string): Promise<ActionCommand> {
  const before = commands(actionId).length;
  for (let second = 0; second < 120 && commands(actionId).length === before; second++) {
    spine.clock.now += 1_000;
    await spine.runUntilIdle(now);
  }
  expect(commands(actionId)).toHaveLength(before + 1);
  return lastCommand(actionId);
}
async function read(actionId: string): Promise<Action> {
  const found = await spine.ledger.read(actionId);
  if (!found) throw new Error(`no action ${actionId}`);
  return found;
}
const states = ({ history }: Action) => history.map(({ state }) => state);
const problem = (kind: FailureKind, more: Partial<RelayProblem> = {}): RelayProblem => ({
  ...{ kind, what: 'The server did not answer', where: 'traveler', remedy: 'Look at the server.', unreachable: false },
  ...more,
});

test('is sent once, numbered and fenced, complete, and then belongs to the relay', async () => {
  const id = await ask('block');
  const [command, ...more] = commands(id);
  expect(more).toEqual([]);
  expect(command).toMatchObject({
    ...{ step: 'carry-out', what: 'block', attempt: 1, target: { sourceId: hq, user, deviceId }, href: device().href },
    ...{ sent: false, liftDenial: false, lockBelongs: false },
  });
  expect(command?.n).toBeGreaterThan(0);
  expect(command?.fence).toBe((await spine.relay.leases.read(hq))?.fence);
  expect(await read(id)).toMatchObject({ state: 'dispatched', attempts: 1, claim: { by: 'the relay of its source' } });
});

test('the command of a wipe names its targets and its fence', async () => {
  const id = await ask('wipe');
  expect(lastCommand(id)).toMatchObject({ wipeTargets: ['device'], wipeFence: { href: device().href, approval: 'approved' } });
});

test('already so: confirmed without a write', async () => {
  const id = await ask('block');
  await report(id, { how: 'already', before: blocked });
  const action = await read(id);
  expect(states(action)).toEqual(['requested', 'queued', 'dispatched', 'confirmed']);
  expect(action).toMatchObject({ before: { access: 'deny' }, after: { access: 'deny' } });
});

test('written with its effect: applied, confirmed, with what showed before and after', async () => {
  const id = await ask('block');
  await report(id, { how: 'written', before: free, after: blocked });
  const action = await read(id);
  expect(states(action)).toEqual(['requested', 'queued', 'dispatched', 'applied', 'confirmed']);
  expect(action).toMatchObject({ before: { approval: 'approved' }, after: { approval: 'denied', access: 'deny' } });
});

test('written without effect: failed, with what to do', async () => {
  const id = await ask('block');
  await report(id, { how: 'written', before: free, after: free });
  const action = await read(id);
  expect(action.state).toBe('failed');
  expect(action.history.at(-1)?.note).toMatch(/accepted the block, and the device still shows/);
});

test('a written wipe is applied and stays open; a redelivered result counts once', async () => {
  const id = await ask('wipe');
  await report(id, { how: 'written', before: free, after: wiping });
  expect(await read(id)).toMatchObject({ state: 'applied', claim: null });
  await report(id, { how: 'written', before: free, after: wiping });
  const action = await read(id);
  expect(action.state).toBe('applied');
  expect(states(action).filter((state) => state === 'applied')).toHaveLength(1);
  expect(spine.actions.size).toBe(0);
});

test('removed by us is confirmed; gone without a write is reconciled', async () => {
  const byUs = await ask('remove');
  await report(byUs, { how: 'gone', started: true });
  expect(states(await read(byUs)).slice(-2)).toEqual(['applied', 'confirmed']);

  await spine.put(device());
  const before = await ask('remove', { actionId: `remove again ${count}` });
  await report(before, { how: 'gone', started: false });
  expect((await read(before)).state).toBe('waiting');
  await spine.put({ ...(await stored()), presence: 'missing' });
  await nextCommand(before);
  await report(before, { how: 'gone', started: false });
  expect((await read(before)).state).toBe('confirmed');
});
async function stored(): Promise<Device> {
  const found = await spine.actDependencies.devices.read({ sourceId: hq, user, deviceId });
  if (!found) throw new Error('the device is not stored');
  return found;
}

test('a wipe whose record is gone before sending is not sent', async () => {
  const id = await ask('wipe');
  await report(id, { how: 'gone', started: false });
  expect((await read(id)).state).toBe('failed');
});

test('rejected at the relay: failed, with its sentence', async () => {
  const id = await ask('wipe');
  await report(id, { how: 'refused', why: 'This device does not support it.', before: free });
  const action = await read(id);
  expect(action.state).toBe('failed');
  expect(action.history.at(-1)?.note).toBe('This device does not support it.');
});

const unreadEnds: Record<FailureKind, string> = {
  ...{ busy: 'waiting', transient: 'waiting', unknown: 'waiting', denied: 'waiting' },
  ...{ permanent: 'waiting', invalid: 'waiting', refused: 'failed' },
};
test.each(Object.entries(unreadEnds) as [FailureKind, string][])(
  'could not be read before the write (%s): %s, nothing written',
  async (kind, end) => {
    const id = await ask('block');
    await report(id, { how: 'unread', problem: problem(kind) });
    const action = await read(id);
    expect(action.state).toBe(end);
    expect(states(action)).not.toContain('applied');
  },
);

const unwrittenEnds: Record<FailureKind, string> = {
  ...{ busy: 'waiting', transient: 'unknown', unknown: 'unknown', denied: 'failed' },
  ...{ permanent: 'failed', invalid: 'failed', refused: 'failed' },
};
test.each(Object.entries(unwrittenEnds) as [FailureKind, string][])('the write failed (%s): %s', async (kind, end) => {
  const id = await ask('block');
  await report(id, { how: 'unwritten', problem: problem(kind), before: free });
  expect((await read(id)).state).toBe(end);
});

test('a rejected password pauses the source, not each action', async () => {
  const id = await ask('block');
  await report(id, { how: 'unread', problem: problem('denied') });
  expect((await spine.sources.read(hq)).pause).not.toBeNull();
  const user2 = user;
  user = `Relayed ${++count}/Acme`;
  await spine.put(device());
  const next = await ask('block');
  expect(commands(next)).toEqual([]);
  expect((await read(next)).state).toBe('waiting');
  user = user2;
});

test('a lost command is queried at the relay, and found there', async () => {
  const id = await ask('block');
  await report(id, { how: 'unknown', problem: problem('transient'), before: free });
  expect((await read(id)).state).toBe('unknown');
  expect(await nextCommand(id)).toMatchObject({ step: 'look', attempt: 2 });
  await report(id, { how: 'looked', before: blocked });
  expect(states(await read(id)).slice(-2)).toEqual(['applied', 'confirmed']);
});

test('a lost command that the relay does not have is sent once more', async () => {
  const id = await ask('block');
  await report(id, { how: 'unknown', problem: problem('transient'), before: free });
  await nextCommand(id);
  await report(id, { how: 'looked', before: free });
  expect(await nextCommand(id)).toMatchObject({ step: 'carry-out', attempt: 3 });
  await report(id, { how: 'written', before: free, after: blocked });
  expect((await read(id)).state).toBe('confirmed');
});

test('without a result the relay is queried after the claim, before any write', async () => {
  const id = await ask('block');
  await spine.runUntilIdle({ forMs: 3 * 60_000 });
  const steps = commands(id).map(({ step }) => step);
  expect(steps[0]).toBe('carry-out');
  expect(steps.length).toBeGreaterThan(1);
  expect(new Set(steps.slice(1))).toEqual(new Set(['look']));
});

test('expired at the relay: it ends as expired', async () => {
  const id = await ask('block', { expiresAt: spine.clock.now + 60_000 });
  spine.clock.now += 61_000;
  await report(id, { how: 'expired' });
  await spine.runUntilIdle({ forMs: 10_000 });
  expect((await read(id)).state).toBe('expired');
});

test('after a takeover the command goes to the new relay, with its fence', async () => {
  const id = await ask('block');
  const first = lastCommand(id);
  await releaseLease();
  await spine.relay.leases.take(
    hq,
    { relayId: 'relay-2', connectionId: 'relay-2-1' },
    { now: spine.clock.now, lengthMs: 600_000 },
  );
  await report(id, { how: 'not-holder' });
  const second = await nextCommand(id);
  expect(second.fence).toBeGreaterThan(first.fence);
  expect(second).toMatchObject({ step: 'carry-out', attempt: 2 });
  expect(spine.relay.posted.at(-1)?.connectionId).toBe('relay-2-1');
  await spine.relay.leases.release(hq, 'relay-2', { now: spine.clock.now });
});

test('the result of an older attempt is ignored: the later one reads first', async () => {
  const id = await ask('block');
  await report(id, { how: 'unknown', problem: problem('transient'), before: free });
  await nextCommand(id);
  await report(id, { how: 'written', before: free, after: free }, { attempt: 1 });
  expect((await read(id)).state).toBe('unknown');
});

test('a result for an ended action changes nothing', async () => {
  const id = await ask('block');
  await report(id, { how: 'written', before: free, after: blocked });
  const ended = await read(id);
  await report(id, { how: 'written', before: free, after: free });
  expect(await read(id)).toEqual(ended);
  expect(spine.actions.size).toBe(0);
});

test('wipes over the hourly limit wait for a person before reaching the relay', async () => {
  const ids: string[] = [];
  for (let wipe = 0; wipe < 11; wipe++) {
    user = `Wiped ${count}-${wipe}/Acme`;
    await spine.put(device());
    ids.push(await ask('wipe'));
  }
  const last = ids.at(-1) ?? '';
  expect(commands(last)).toEqual([]);
  expect(await read(last)).toMatchObject({ state: 'waiting', confirmation: { confirmedBy: null } });
});

test('a wipe that would hit a phone set up again is cancelled, once', async () => {
  const id = await ask('wipe');
  await report(id, { how: 'written', before: free, after: wiping });
  await spine.put({ ...(await stored()), returnedAt: spine.clock.now });
  // It is checked again within the hour.
  spine.clock.now += 3_600_001;
  await hold();
  await spine.runUntilIdle(now);
  expect(lastCommand(id)).toMatchObject({ step: 'look', attempt: 2 });
  await report(id, { how: 'looked', before: wiping });
  expect((await read(id)).state).toBe('failed');
  const back = spine.relay.said('action').filter(({ actionId }) => actionId === `${id}|taken-back`);
  expect(back).toHaveLength(1);
  expect(back[0]).toMatchObject({ what: 'cancel-wipe', step: 'carry-out' });
  await report(`${id}|taken-back`, { how: 'written', before: wiping, after: free });
  expect(spine.actions.size).toBe(0);
});

test('a wipe that is pending goes before a block: the block waits for it', async () => {
  const id = await ask('block');
  await report(id, { how: 'looked', before: { ...wiping, access: 'allow' } });
  expect((await read(id)).state).toBe('waiting');
});

test('without a relay an action waits, and is sent when one is back', async () => {
  await releaseLease();
  const id = await ask('block');
  expect(commands(id)).toEqual([]);
  expect(await read(id)).toMatchObject({ state: 'waiting', waitsFor: 'source' });
  await spine.runUntilIdle({ forMs: 10 * 60_000 });
  expect(commands(id)).toEqual([]);
  await hold();
  await spine.evaluations.send([{ body: { kind: 'resume', sourceId: hq, cause: 'its relay is there' } }]);
  await spine.runUntilIdle({ forMs: 2_000 });
  expect(commands(id)).toHaveLength(1);
  await report(id, { how: 'written', before: free, after: blocked });
  expect((await read(id)).state).toBe('confirmed');
});

test('a phone that waits for approval is approved over the relay', async () => {
  await spine.put(device({ detail: waitingDetail }));
  const id = await ask('approve');
  await report(id, { how: 'written', before: waitingDetail, after: free });
  expect((await read(id)).state).toBe('confirmed');
  expect((await stored()).detail).toMatchObject({ approval: 'approved', access: 'allow' });
});
