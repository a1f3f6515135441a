/** Wipes, their cancellation, and removals: what is sent, what must not be sent, and how each ends. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Action, ActionType } from '#domain/actions/action';
import { aRequest, type Spine, sourceId, startSpine } from '#test/fixtures/spine';

let spine: Spine;
let count = 0;
let user: string;
const deviceId = 'ApplONE';

beforeAll(async () => {
  spine = await startSpine();
});
beforeEach(async () => {
  user = `Wipe ${++count}/Acme`;
  // Another hour for each test: the guard on wipes counts by the hour.
  spine.clock.now += 3_600_001;
  spine.simulator.arrive(user, { kind: 'ios-mail', deviceId });
  await spine.gather(user);
  await spine.runUntilIdle();
});
afterEach(async () => {
  spine.forget();
  spine.simulator.setFaults([]);
  await spine.sources.update(sourceId, { problem: null, retryAt: null, pause: null });
});
afterAll(() => spine.stop());

function onServer() {
  const device = spine.simulator.find(user, deviceId);
  if (!device) throw new Error('the device is not on the server');
  return device;
}
const effects = () => spine.effectsOn(user, deviceId);
const stored = () => spine.device({ user, deviceId });
const later = () => ++spine.clock.now;

async function ask(type: ActionType, deviation: Partial<Action> = {}): Promise<string> {
  const actionId = deviation.actionId ?? `${type} ${count} ${spine.clock.now}`;
  await spine.ask(aRequest(await stored(), { actionId, type, requestedAt: later(), ...deviation }));
  return actionId;
}
async function read(actionId: string): Promise<Action> {
  const found = await spine.ledger.read(actionId);
  if (!found) throw new Error(`no action ${actionId}`);
  return found;
}
const states = ({ history }: Action) => history.map(({ state }) => state);
const briefly = { forMs: 120_000 };
const wipeDevice = { requested_wipe_options: 'wipeDevice' };
const cancelled = { requested_wipe_options: '' };
const denied = { approval_policy: 8, access_status: 1 };

/** A gather reads the device, and processes what has changed. */
async function gathered(): Promise<void> {
  await spine.gather(user);
  await spine.runUntilIdle(briefly);
}

test('a wipe is applied, delivered and wiped as gathers see it, written once', async () => {
  const id = await ask('wipe');
  await spine.runUntilIdle(briefly);
  expect(await read(id)).toMatchObject({ state: 'applied', after: { wipe: 'requested' }, claim: null });
  expect((await stored()).openAction).toMatchObject({ actionId: id });
  spine.simulator.fetchWipe(onServer());
  await gathered();
  expect((await read(id)).state).toBe('delivered');
  spine.simulator.completeWipe(onServer());
  await gathered();
  expect(await read(id)).toMatchObject({ state: 'wiped', outcome: null });
  expect(states(await read(id))).toEqual(['requested', 'queued', 'dispatched', 'applied', 'delivered', 'wiped']);
  expect(effects()).toEqual([wipeDevice]);
  expect((await stored()).openAction).toBeNull();
});

test('each requested wipe target is named, and pending ones are kept', async () => {
  const first = await ask('wipe', { wipeTargets: ['apps'] });
  await spine.runUntilIdle(briefly);
  const second = await ask('wipe', { wipeTargets: ['storage-card'] });
  await spine.runUntilIdle(briefly);
  expect(effects()).toEqual([{ requested_wipe_options: 'wipeApps' }, { requested_wipe_options: 'wipeStorageCard/wipeApps' }]);
  spine.simulator.completeWipe(onServer());
  await gathered();
  expect([(await read(first)).state, (await read(second)).state]).toEqual(['wiped', 'wiped']);
});

test('a wipe already pending on the server is not rewritten, and is followed', async () => {
  spine.simulator.adminChange(onServer(), { wipeOptions: 'wipeDevice', wipeStatus: '1' });
  const id = await ask('wipe');
  await spine.runUntilIdle(briefly);
  expect((await read(id)).state).toBe('applied');
  spine.simulator.completeWipe(onServer());
  await gathered();
  expect((await read(id)).state).toBe('wiped');
  expect(effects()).toEqual([]);
});

test('a phone shown as wiped is not wiped again; the reason says when', async () => {
  await ask('wipe');
  await spine.runUntilIdle(briefly);
  spine.simulator.completeWipe(onServer());
  await gathered();
  const again = await ask('wipe');
  await spine.runUntilIdle(briefly);
  const { state, history } = await read(again);
  expect(state).toBe('confirmed');
  expect(history.at(-1)?.note).toMatch(
    /was wiped, on \d{4}-\d\d-\d\d \d\d:\d\d UTC; nothing was written\..*remove the device, and ask again/,
  );
  expect(effects()).toEqual([wipeDevice]);
});

test('a device without known support for this wipe is not wiped, with a reason', async () => {
  user = `Wipe unknown ${count}/Acme`;
  spine.simulator.arrive(user, { kind: 'other', deviceId });
  await spine.gather(user);
  await spine.runUntilIdle();
  const id = await ask('wipe');
  await spine.runUntilIdle(briefly);
  expect(await read(id)).toMatchObject({
    state: 'failed',
    outcome: expect.stringMatching(/does not say which wipes.*so none was sent; wipe it from the Traveler administration/),
  });
  expect(effects()).toEqual([]);
});

test("a block requested during a pending wipe is sent after the wipe's delivery", async () => {
  const wipe = await ask('wipe');
  const block = await ask('block');
  await spine.runUntilIdle(briefly);
  expect(effects()).toEqual([wipeDevice]);
  expect((await read(block)).state).toBe('waiting');
  spine.simulator.fetchWipe(onServer());
  await gathered();
  await spine.runUntilIdle();
  expect((await read(wipe)).state).toBe('delivered');
  expect((await read(block)).state).toBe('confirmed');
  expect(effects()).toEqual([wipeDevice, denied]);
});

test('a wipe requested while a block waits still goes first', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, on: 'detail', times: 1 }]);
  const block = await ask('block');
  await spine.turn();
  await spine.turn();
  expect((await read(block)).state).toBe('waiting');
  const wipe = await ask('wipe');
  await spine.runUntilIdle(briefly);
  expect(effects()).toEqual([wipeDevice]);
  expect([(await read(wipe)).state, (await read(block)).state]).toEqual(['applied', 'waiting']);
});

test('wipes over the hourly limit wait for confirmation; other actions continue', async () => {
  const deps = { ...spine.actDependencies, maxWipesPerHour: 0 };
  const id = await ask('wipe');
  for (const one of spine.actions.take(spine.clock.now, 1000)) {
    await spine.perform.action(one, deps);
    one.delete();
  }
  expect(await read(id)).toMatchObject({
    state: 'waiting',
    confirmation: { confirmedAt: null },
    history: expect.arrayContaining([expect.objectContaining({ note: expect.stringContaining('confirm it') })]),
  });
  const approve = await ask('approve');
  await spine.runUntilIdle(briefly);
  expect((await read(approve)).state).toBe('confirmed');
  expect(effects()).toEqual([{ approval_policy: 2 }]);
});

test('a wipe cancelled before sending is never sent', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, on: 'detail', times: 1 }]);
  const wipe = await ask('wipe');
  await spine.turn();
  await spine.turn();
  const cancel = await ask('cancel-wipe');
  await spine.runUntilIdle();
  expect([(await read(wipe)).state, (await read(cancel)).state]).toEqual(['superseded', 'confirmed']);
  expect(effects()).toEqual([]);
});

test('a pending wipe is cancelled by a cancel-wipe, and both end', async () => {
  const wipe = await ask('wipe');
  await spine.runUntilIdle(briefly);
  const cancel = await ask('cancel-wipe');
  await spine.runUntilIdle(briefly);
  expect([(await read(wipe)).state, (await read(cancel)).state]).toEqual(['superseded', 'confirmed']);
  expect(effects()).toEqual([wipeDevice, cancelled]);
  expect((await stored()).openAction).toBeNull();
  await gathered();
  expect(effects()).toHaveLength(2);
});

test('a device that we block stays locked when its wipe is cancelled', async () => {
  spine.simulator.setFaults([{ kind: 'cancel-lifts-lock' }]);
  await ask('block');
  await spine.runUntilIdle(briefly);
  await ask('wipe');
  await spine.runUntilIdle(briefly);
  const cancel = await ask('cancel-wipe');
  await spine.runUntilIdle(briefly);
  expect((await read(cancel)).state).toBe('confirmed');
  expect(effects()).toEqual([denied, wipeDevice, cancelled, denied]);
  expect(onServer()).toMatchObject({ approval: 8, access: 1, wipeOptions: '' });
});

test('a device denied before the wipe is denied again when it is cancelled', async () => {
  spine.simulator.setFaults([{ kind: 'cancel-lifts-lock' }]);
  spine.simulator.adminDeny(onServer());
  await gathered();
  await ask('wipe');
  await spine.runUntilIdle(briefly);
  await ask('cancel-wipe');
  await spine.runUntilIdle(briefly);
  expect(onServer()).toMatchObject({ approval: 8, access: 1 });
  expect((await stored()).denial).toBeNull();
});

test('a device that had access has it again when its wipe is cancelled', async () => {
  spine.simulator.setFaults([{ kind: 'cancel-lifts-lock' }]);
  await ask('approve');
  await spine.runUntilIdle(briefly);
  await ask('wipe');
  await spine.runUntilIdle(briefly);
  await ask('cancel-wipe');
  await spine.runUntilIdle(briefly);
  expect(effects()).toEqual([{ approval_policy: 2 }, wipeDevice, cancelled]);
});

test('a wipe cancelled by an administrator on the server stays cancelled', async () => {
  const id = await ask('wipe');
  await spine.runUntilIdle(briefly);
  spine.simulator.adminChange(onServer(), { wipeOptions: '', wipeStatus: '0' });
  await gathered();
  expect(await read(id)).toMatchObject({ state: 'failed', outcome: expect.stringMatching(/took the wipe back.*ask again/) });
  await gathered();
  expect(effects()).toEqual([wipeDevice]);
});

test('a wipe never fetched ends at its deadline, saying the request remains pending', async () => {
  const id = await ask('wipe', { expiresAt: spine.clock.now + 7_000_000 });
  await spine.runUntilIdle(briefly);
  spine.clock.now += 8_000_000;
  await spine.evaluate(user);
  await spine.runUntilIdle(briefly);
  expect(await read(id)).toMatchObject({ state: 'failed', outcome: expect.stringMatching(/still stands.*cancel-wipe/) });
});

test('a removal deletes the device, confirms it, and ends its registration', async () => {
  const id = await ask('remove');
  await spine.runUntilIdle(briefly);
  expect((await read(id)).state).toBe('confirmed');
  expect(spine.simulator.find(user, deviceId)).toBeUndefined();
  expect(await stored()).toMatchObject({ presence: 'removed', openAction: null, denial: null });
  const lines = await spine.timeline.read({ sourceId, user, deviceId });
  expect(lines.map(({ kind }) => kind)).toContain('removed');
  await gathered();
  expect((await stored()).presence).toBe('removed');
});

test('a removal that the server accepts but does not do is a failure', async () => {
  spine.simulator.setFaults([{ kind: 'ignored-writes' }]);
  const id = await ask('remove');
  await spine.runUntilIdle(briefly);
  expect(await read(id)).toMatchObject({ state: 'failed', outcome: expect.stringContaining('is still there') });
  expect((await stored()).presence).toBe('present');
});

test('a removal whose answer is lost is found by reading', async () => {
  spine.simulator.setFaults([{ kind: 'lost-answer', on: 'write', times: 1 }]);
  const id = await ask('remove');
  await spine.runUntilIdle(briefly);
  expect((await read(id)).state).toBe('confirmed');
  expect(spine.simulator.effects.filter(({ method, device }) => method === 'DELETE' && device?.user === user)).toHaveLength(1);
});

test('a removal waits for a pending wipe, and is sent after it', async () => {
  const wipe = await ask('wipe');
  const remove = await ask('remove');
  await spine.runUntilIdle(briefly);
  expect([(await read(wipe)).state, (await read(remove)).state]).toEqual(['applied', 'waiting']);
  spine.simulator.completeWipe(onServer());
  await gathered();
  await spine.runUntilIdle();
  expect([(await read(wipe)).state, (await read(remove)).state]).toEqual(['wiped', 'confirmed']);
  expect(spine.simulator.find(user, deviceId)).toBeUndefined();
});

test('a removed device that returns is a new registration; older requests are rejected', async () => {
  const old = await stored();
  await ask('remove');
  await spine.runUntilIdle(briefly);
  spine.clock.now += 1000;
  spine.simulator.arrive(user, { kind: 'ios-mail', deviceId });
  await gathered();
  expect((await stored()).registeredAt).toBeGreaterThan(old.registeredAt);
  const wipe = aRequest(old, { actionId: `old ${count}`, type: 'wipe', requestedAt: later() });
  await spine.ask(wipe);
  await spine.runUntilIdle(briefly);
  expect(await read(wipe.actionId)).toMatchObject({ state: 'failed', outcome: expect.stringContaining('stale') });
  expect(onServer().wipeOptions).toBe('');
});

/**
 * What can happen to a phone whose wipe was requested, in every order: the wipe must never hit the phone after it was set up
 * again.
 */
const phoneEvents = ['work', 'killed', 'wiped', 'replaced', 'gathered'] as const;
type PhoneEvent = (typeof phoneEvents)[number];
const orders = (rest: readonly PhoneEvent[]): PhoneEvent[][] =>
  rest.length === 0
    ? [[]]
    : rest.flatMap((first) => orders(rest.filter((other) => other !== first)).map((tail) => [first, ...tail]));

test.each([{ record: 'forgotten' }, { record: 'kept' }])(
  'a phone set up again is never wiped (security record $record)',
  async ({ record }) => {
    for (const order of orders(phoneEvents).filter((_, nth) => nth % Number(process.env.EACH ?? 29) === 0)) {
      user = `Anew ${record} ${order.join(' ')}/Acme`;
      spine.clock.now += 3_600_001;
      spine.simulator.setFaults(record === 'kept' ? [{ kind: 'security-record' }] : []);
      spine.simulator.arrive(user, { kind: 'ios-mail', deviceId });
      await spine.gather(user);
      await spine.runUntilIdle(briefly);
      await ask('wipe');
      let replaced = false;
      for (const one of order) await apply(one);
      await gathered();
      await gathered();
      await spine.runUntilIdle();
      const since = spine.simulator.effects.slice(effectsBefore).filter(({ device }) => device?.user === user);
      expect(replaced, order.join(' ')).toBe(true);
      expect(
        since.filter(({ body }) => JSON.stringify(body).includes('wipeDevice')),
        order.join(' '),
      ).toEqual([]);
      const { wipeOptions, wipeDate } = onServer();
      expect(wipeOptions === '' || wipeDate > 0, order.join(' ')).toBe(true);
      spine.forget();

      async function apply(what: PhoneEvent): Promise<void> {
        if (what === 'work') await spine.runUntilIdle(briefly);
        if (what === 'gathered') await gathered();
        if (what === 'wiped') spine.simulator.completeWipe(onServer());
        if (what === 'killed') spine.simulator.setFaults([...keptFaults(record), { kind: 'lost-answer', on: 'write', times: 1 }]);
        if (what === 'replaced') {
          spine.simulator.removeDevice(onServer());
          spine.simulator.arrive(user, { kind: 'ios-mail', deviceId });
          effectsBefore = spine.simulator.effects.length;
          replaced = true;
        }
      }
    }
  },
  60_000,
);
let effectsBefore = 0;
const keptFaults = (record: string) => (record === 'kept' ? [{ kind: 'security-record' as const }] : []);
