/** What no message will ever resume is found by the clock. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Action } from '#domain/actions/action';
import { reap } from '#functions/reap/reap';
import { killedAt } from '#test/fixtures/crashing';
import { aRequest, type Spine, sourceId, startSpine } from '#test/fixtures/spine';

let spine: Spine;
let count = 0;
let user: string;
const deviceId = 'ApplLOST';
const minute = 60_000;

beforeAll(async () => {
  spine = await startSpine();
});
beforeEach(async () => {
  user = `Lost ${++count}/Acme`;
  spine.simulator.arrive(user, { deviceId });
  await spine.gather(user);
  await spine.runUntilIdle();
});
afterAll(() => spine.stop());

const deps = () => ({
  ledger: spine.ledger,
  devices: spine.actDependencies.devices,
  actions: spine.actions,
  evaluations: spine.evaluations,
  sources: async () => [sourceId],
  now: () => spine.clock.now,
});
const reapNow = () => reap(deps())({ remaining: () => minute });
const stored = () => spine.device({ user, deviceId });

/** In the ledger, and no message anywhere. */
async function forgotten(deviation: Partial<Action> = {}): Promise<string> {
  const { actionId = `forgotten ${count}` } = deviation;
  await spine.ledger.request(aRequest(await stored(), { type: 'block', requestedAt: spine.clock.now, ...deviation, actionId }));
  return actionId;
}
const read = (actionId: string) => spine.ledger.read(actionId);

test('an action whose message was lost is redelivered once, and carried out', async () => {
  const id = await forgotten();
  expect(await reapNow()).toEqual({ expired: 0, sent: 0 });
  spine.clock.now += 11 * minute;
  expect(await reapNow()).toEqual({ expired: 0, sent: 1 });
  expect(await reapNow()).toEqual({ expired: 0, sent: 0 });
  await spine.runUntilIdle();
  expect((await read(id))?.state).toBe('confirmed');
});

test('a worker lost with its message is noticed after its claim, and reconciled', async () => {
  const claim = { by: 'gone', until: spine.clock.now + 40_000 };
  const id = await forgotten({ state: 'dispatched', claim });
  await reapNow();
  spine.clock.now += 2 * minute;
  expect((await reapNow()).sent).toBe(1);
  await spine.runUntilIdle();
  expect((await read(id))?.state).toBe('confirmed');
});

test('an action past its deadline expires with a published line, even without its source', async () => {
  const id = await forgotten({ expiresAt: spine.clock.now + minute, state: 'waiting', notBefore: spine.clock.now + minute });
  spine.clock.now += 2 * minute;
  expect((await reapNow()).expired).toBe(1);
  expect(await read(id)).toMatchObject({ state: 'expired', outcome: expect.stringMatching(/deadline passed.*ask again/i) });
  const lines = await spine.timeline.read({ sourceId, user, deviceId });
  expect(lines.filter(({ kind, data }) => kind === 'action' && data.state === 'expired')).toHaveLength(1);
  expect((await stored()).openAction).toBeNull();
});

test('killed anywhere, the next run completes it, and nothing is done twice', async () => {
  for (let at = 1; ; at++) {
    user = `Killed ${count} ${at}/Acme`;
    spine.simulator.arrive(user, { deviceId });
    await spine.gather(user);
    await spine.runUntilIdle();
    const expiring = await forgotten({ actionId: `expiring ${at}`, expiresAt: spine.clock.now + minute });
    const due = await forgotten({ actionId: `due ${at}`, type: 'approve' });
    spine.clock.now += 11 * minute;
    const { killPoint, wrap } = killedAt(at);
    await reap(wrap(deps(), 'reap'))({ remaining: () => minute }).catch((error) => {
      if (!killPoint.died()) throw error;
    });
    spine.clock.now += 11 * minute;
    await reapNow();
    await spine.runUntilIdle();
    expect([(await read(expiring))?.state, (await read(due))?.state], killPoint.where()).toEqual(['expired', 'confirmed']);
    const lines = await spine.timeline.read({ sourceId, user, deviceId });
    expect(lines.filter(({ kind }) => kind === 'action')).toHaveLength(2);
    expect(spine.effectsOn(user, deviceId)).toEqual([{ approval_policy: 2 }]);
    if (!killPoint.died()) break;
  }
}, 60_000);
