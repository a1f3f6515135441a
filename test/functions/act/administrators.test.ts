/** People work on the Traveler server too: what they do there is detected, recorded, and never reverted. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { observe } from '#domain/gather/observe-device';
import { aRequest, enrolled, type Spine, sourceId, startSpine } from '#test/fixtures/spine';

let spine: Spine;
const deviceId = 'ApplADMIN';
const denied = { approval_policy: 8, access_status: 1 };

beforeAll(async () => {
  spine = await startSpine({ settings: { autoApproveByPolicy: true } });
});
afterAll(() => spine.stop());

async function blocked(user: string): Promise<void> {
  spine.simulator.arrive(user, { deviceId: `${deviceId}${user}` });
  await spine.gather(user);
  await spine.runUntilIdle();
  await spine.enrol(enrolled(`of ${user}`, { mailDeviceIds: [`${deviceId}${user}`], mailConfiguration: 'manual' }));
  await spine.runUntilIdle();
  expect(spine.effectsOn(user, `${deviceId}${user}`)).toEqual([denied]);
}
function onServer(user: string) {
  const device = spine.simulator.find(user, `${deviceId}${user}`);
  if (!device) throw new Error('the device is not on the server');
  return device;
}
const stored = (user: string) => spine.device({ user, deviceId: `${deviceId}${user}` });

test('our block lifted by an administrator is recorded, and not restored automatically', async () => {
  const user = 'Lifted/Acme';
  await blocked(user);
  spine.simulator.adminApprove(onServer(user));
  for (let again = 0; again < 3; again++) {
    await spine.gather(user);
    await spine.runUntilIdle();
  }
  expect(spine.effectsOn(user, `${deviceId}${user}`)).toEqual([denied]);
  expect(await stored(user)).toMatchObject({ denial: null, overruled: { was: 'block' }, verdict: { verdict: 'block' } });
  const lines = await spine.timeline.read({ sourceId, user, deviceId: `${deviceId}${user}` });
  expect(lines.filter(({ kind }) => kind === 'notice').map(({ says }) => says)).toEqual([
    'Our block was lifted on the Traveler server itself. It is not put back; ask for a block if one is meant.',
  ]);
});

test('a block that a person requests after that is carried out', async () => {
  const user = 'Asked/Acme';
  await blocked(user);
  spine.simulator.adminApprove(onServer(user));
  await spine.gather(user);
  await spine.runUntilIdle();
  await spine.ask(aRequest(await stored(user), { actionId: 'asked again', type: 'block', requestedAt: ++spine.clock.now }));
  await spine.runUntilIdle();
  expect(spine.effectsOn(user, `${deviceId}${user}`)).toEqual([denied, denied]);
});

test('a denial in progress during a gather does not count as lifted', async () => {
  const user = 'Racing/Acme';
  spine.simulator.arrive(user, { deviceId: `${deviceId}${user}` });
  await spine.gather(user);
  await spine.runUntilIdle();
  const device = await stored(user);
  const detail = device.detail && { ...device.detail, approval: 'approved' as const, access: 'allow' as const };
  const setting = {
    ...device,
    denial: { kind: 'block' as const, actionId: 'x', at: 1 },
    openAction: { actionId: 'x', type: 'block', state: 'dispatched' },
  };
  const reading = { row: { ...device, detail: null }, full: detail && { detail, askedAt: spine.clock.now + 1 }, rollUp: false };
  const context = { sourceId, runId: 'r', at: spine.clock.now + 1, baseline: null, baselineRuns: [] };
  expect(observe(setting, reading, context).device).toMatchObject({ denial: setting.denial });
  expect(observe({ ...setting, openAction: null }, reading, context).device.denial).toBeNull();
});

test('a list from before our removal does not restore the device', async () => {
  const user = 'Removed/Acme';
  spine.simulator.arrive(user, { deviceId: `${deviceId}${user}` });
  await spine.gather(user);
  await spine.runUntilIdle();
  const device = await stored(user);
  const removed = { ...device, presence: 'removed' as const, removal: { actionId: 'x', at: 5000 } };
  const reading = { row: { ...device, detail: null }, full: null, rollUp: false };
  const context = { sourceId, runId: 'r', baseline: null, baselineRuns: [] };
  expect(observe(removed, reading, { ...context, at: 4999 })).toMatchObject({ same: true, device: { presence: 'removed' } });
  expect(observe(removed, reading, { ...context, at: 5001 })).toMatchObject({
    same: false,
    device: { presence: 'present', registeredAt: 5001, removal: null },
  });
});
