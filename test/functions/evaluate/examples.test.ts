/** The examples of auto-quarantine.md, driven through the real stores, both queues and a Traveler server, to their effect. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aRequest, baseline, enrolled, type Spine, sourceId, startSpine } from '#test/fixtures/spine';

let spine: Spine;
let users = 0;

beforeAll(async () => {
  spine = await startSpine();
});
afterAll(() => spine.stop());

const nextUser = () => `Person ${++users}/Acme`;
const approvalOf = (user: string, deviceId: string) => spine.simulator.find(user, deviceId)?.approval;
async function publish(settings: Partial<Parameters<Spine['settings']['publish']>[0]['settings']>) {
  const current = await spine.settings.current(sourceId);
  await spine.settings.publish({
    settings: {
      ...current.settings,
      ...{
        devicesPerUser: 0,
        autoApproveEnrolled: false,
        autoApproveByPolicy: false,
        autoApproveVerse: false,
        requireApproval: 'on',
      },
      ...settings,
    },
    scope: '*',
    replaces: current.version,
    publishedBy: 'test',
    at: spine.clock.now,
  });
}

test('1: with two devices allowed, the third is held until one is removed', async () => {
  await publish({ devicesPerUser: 2 });
  const user = nextUser();
  const [a] = ['A', 'B', 'C'].map((deviceId) => spine.simulator.arrive(user, { deviceId }));
  await spine.gather(user);
  await spine.runUntilIdle();
  expect(await spine.verdicts({ sourceId, user })).toEqual({
    A: expect.stringContaining('approve'),
    B: expect.stringMatching(/approve|leave already-admitted/),
    C: 'hold over-allowance',
  });
  expect(['A', 'B', 'C'].map((id) => approvalOf(user, id))).toEqual([2, 2, 1]);
  if (a) spine.simulator.removeDevice(a);
  await spine.gather(user);
  await spine.runUntilIdle();
  expect(approvalOf(user, 'C')).toBe(2);
  expect(['A', 'B', 'C'].map((id) => spine.effectsOn(user, id).length)).toEqual([1, 1, 1]);
});

test('2: a held device is approved when its enrolment arrives, without a gather', async () => {
  await publish({ autoApproveEnrolled: true });
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'ApplTWO' });
  await spine.gather(user);
  await spine.runUntilIdle();
  expect(await spine.verdicts({ sourceId, user })).toEqual({ ApplTWO: 'hold over-allowance' });
  expect((await spine.device({ user, deviceId: 'ApplTWO' })).heldSince).not.toBeNull();
  expect(approvalOf(user, 'ApplTWO')).toBe(1);
  await spine.enrol(enrolled('two', { mailDeviceIds: ['appltwo'] }));
  await spine.runUntilIdle();
  expect(approvalOf(user, 'ApplTWO')).toBe(2);
  const device = await spine.device({ user, deviceId: 'ApplTWO' });
  expect(device).toMatchObject({ detail: { approval: 'approved', access: 'allow' }, openAction: null, heldSince: null });
  const lines = await spine.timeline.read({ sourceId, user, deviceId: 'ApplTWO' });
  const kinds = lines.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind !== 'action-step')).toEqual(['action', 'verdict', 'released', 'verdict', 'quarantined']);
  const steps = lines.filter(({ kind }) => kind === 'action-step').map(({ data }) => data.state);
  expect(steps.reverse()).toEqual(['queued', 'dispatched', 'applied']);
  expect(lines[0]?.says).toContain('Approval asked for by Auto-Quarantine: confirmed');
  expect(lines[0]?.data).toMatchObject({
    before: { approval: 'pending' },
    after: { approval: 'approved' },
    rule: 'enrolled-device',
  });
});

test('3: manual mail is blocked; pushed later, our own block is lifted', async () => {
  await publish({ autoApproveByPolicy: true });
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'ApplTHREE' });
  await spine.enrol(enrolled('three', { mailDeviceIds: ['ApplTHREE'], mailConfiguration: 'manual' }));
  await spine.gather(user);
  await spine.runUntilIdle();
  expect(spine.simulator.find(user, 'ApplTHREE')).toMatchObject({ approval: 8, access: 1 });
  expect((await spine.device({ user, deviceId: 'ApplTHREE' })).denial).toMatchObject({ kind: 'block' });
  await spine.enrol(enrolled('three', { mailDeviceIds: ['ApplTHREE'], mailConfiguration: 'pushed', version: 2 }));
  await spine.runUntilIdle();
  expect(spine.simulator.find(user, 'ApplTHREE')).toMatchObject({ approval: 2, access: 0 });
  expect((await spine.device({ user, deviceId: 'ApplTHREE' })).denial).toBeNull();
  expect(spine.effectsOn(user, 'ApplTHREE')).toEqual([
    { approval_policy: 8, access_status: 1 },
    { approval_policy: 2, access_status: 0 },
  ]);
});

test('4: with approval not required, a waiting Secure Mail device is approved', async () => {
  await publish({ requireApproval: 'off' });
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'mdmxxFOUR' });
  spine.simulator.arrive(user, { deviceId: 'ApplOTHER' });
  await spine.gather(user);
  await spine.runUntilIdle();
  expect(approvalOf(user, 'mdmxxFOUR')).toBe(2);
  expect(approvalOf(user, 'ApplOTHER')).toBe(1);
});

test('5: Verse on iOS is approved with an enrolled iPhone only', async () => {
  await publish({ autoApproveVerse: true });
  const [withIphone, withAndroid] = [nextUser(), nextUser()];
  for (const [user, platform] of [
    [withIphone, 'iOS'],
    [withAndroid, 'Android'],
  ] as const) {
    spine.simulator.arrive(user, { deviceId: `IBM_IOS_${platform}` });
    await spine.enrol(
      enrolled(`five-${platform}`, { user: { email: `${platform}@acme.example`, travelerUser: user }, platform }),
    );
    await spine.gather(user);
  }
  await spine.runUntilIdle();
  expect(approvalOf(withIphone, 'IBM_IOS_iOS')).toBe(2);
  expect(approvalOf(withAndroid, 'IBM_IOS_Android')).toBe(1);
});

test('6: an enrolment pending removal does not count', async () => {
  await publish({ autoApproveEnrolled: true });
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'ApplSIX' });
  await spine.enrol(enrolled('six', { mailDeviceIds: ['ApplSIX'], status: 'Pending Control Removed' }));
  await spine.gather(user);
  await spine.runUntilIdle();
  expect(approvalOf(user, 'ApplSIX')).toBe(1);
});

test('7: a phone that a person blocked stays blocked until the decision is withdrawn', async () => {
  await publish({ autoApproveEnrolled: true });
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'ApplSEVEN' });
  await spine.enrol(enrolled('seven', { mailDeviceIds: ['ApplSEVEN'] }));
  await spine.gather(user);
  await spine.runUntilIdle();
  const key = { sourceId, user, deviceId: 'ApplSEVEN' };
  await spine.ask(aRequest(await spine.device(key), { actionId: 'block-seven', type: 'block', requestedAt: spine.clock.now }));
  await spine.runUntilIdle();
  expect(spine.simulator.find(user, 'ApplSEVEN')).toMatchObject({ approval: 8, access: 1 });
  await spine.enrol(enrolled('seven', { mailDeviceIds: ['ApplSEVEN'], version: 2 }));
  await spine.runUntilIdle();
  expect(await spine.verdicts({ sourceId, user })).toEqual({ ApplSEVEN: 'block manual-decision' });
  await spine.decisions.withdraw(key, { at: spine.clock.now, by: 'ann', cause: `w${spine.clock.now}` });
  await spine.evaluate(user);
  await spine.runUntilIdle();
  expect(spine.simulator.find(user, 'ApplSEVEN')).toMatchObject({ approval: 2, access: 0 });
  expect(spine.effectsOn(user, 'ApplSEVEN')).toHaveLength(3);
});

test('8: a device denied by an administrator on the Traveler server is left alone', async () => {
  await publish({ autoApproveEnrolled: true });
  const user = nextUser();
  spine.simulator.adminDeny(spine.simulator.arrive(user, { deviceId: 'ApplEIGHT' }));
  await spine.enrol(enrolled('eight', { mailDeviceIds: ['ApplEIGHT'] }));
  await spine.gather(user);
  await spine.runUntilIdle();
  expect(await spine.verdicts({ sourceId, user })).toEqual({ ApplEIGHT: 'leave denied-elsewhere' });
  expect(spine.effectsOn(user, 'ApplEIGHT')).toEqual([]);
});

test('an evaluation without changes writes nothing and requests nothing', async () => {
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'ApplSAME' });
  await spine.gather(user);
  await spine.runUntilIdle();
  const before = await spine.device({ user, deviceId: 'ApplSAME' });
  const sent = spine.actions.sent.length;
  spine.clock.now += 3_600_000;
  await spine.evaluate(user, user);
  await spine.evaluate(user);
  await spine.runUntilIdle();
  expect(await spine.device({ user, deviceId: 'ApplSAME' })).toEqual(before);
  expect(spine.actions.sent).toHaveLength(sent);
});

test('a decision that expires stops having effect at its time, without another event', async () => {
  await publish({ devicesPerUser: 5 });
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'ApplEND' });
  await spine.gather(user);
  await spine.runUntilIdle();
  const key = { sourceId, user, deviceId: 'ApplEND' };
  const expiresAt = spine.clock.now + 3_000_000;
  await spine.decisions.record(key, {
    decisionId: 'until',
    deviceId: 'ApplEND',
    decided: 'block',
    by: { kind: 'person', name: 'ann' },
    at: spine.clock.now,
    expiresAt,
  });
  await spine.evaluate(user);
  await spine.runUntilIdle({ forMs: 600_000 });
  expect(spine.simulator.find(user, 'ApplEND')).toMatchObject({ approval: 8, access: 1 });
  await spine.evaluate(user);
  await spine.runUntilIdle({ forMs: 4_000_000 });
  expect(spine.clock.now).toBeGreaterThanOrEqual(expiresAt);
  expect(spine.simulator.find(user, 'ApplEND')).toMatchObject({ approval: 2, access: 0 });
  expect(spine.evaluations.size).toBe(0);
});

test('without server enforcement, the extender blocks a new device and later lifts it', async () => {
  await publish({ devicesPerUser: 0 });
  const { server } = await spine.sources.read(sourceId);
  await spine.sources.update(sourceId, { server: { ...server, settingsAccess: 'unavailable', requiresApproval: 'unknown' } });
  spine.simulator.settings = { ...spine.simulator.settings, require_approval: false };
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'ApplHOLD' });
  await spine.gather(user);
  await spine.runUntilIdle();
  expect(spine.simulator.find(user, 'ApplHOLD')).toMatchObject({ approval: 8, access: 1 });
  const held = await spine.device({ user, deviceId: 'ApplHOLD' });
  expect(held).toMatchObject({
    denial: { kind: 'hold' },
    verdict: { verdict: 'hold', rule: 'over-allowance' },
    openAction: null,
  });
  expect(held.heldSince).not.toBeNull();
  await spine.gather(user);
  await spine.runUntilIdle();
  expect(await spine.device({ user, deviceId: 'ApplHOLD' })).toMatchObject({ heldSince: held.heldSince, verdict: held.verdict });
  await publish({ devicesPerUser: 1 });
  await spine.evaluate(user);
  await spine.runUntilIdle();
  expect(spine.effectsOn(user, 'ApplHOLD')).toEqual([
    { approval_policy: 8, access_status: 1 },
    { approval_policy: 2, access_status: 0 },
  ]);
  expect(await spine.device({ user, deviceId: 'ApplHOLD' })).toMatchObject({ denial: null, heldSince: null });
  await spine.sources.update(sourceId, { server });
  spine.simulator.settings = { ...spine.simulator.settings, require_approval: true };
});

test('a missing device keeps place and verdict, and is not acted on', async () => {
  await publish({ devicesPerUser: 0, autoApproveEnrolled: true });
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'ApplMISSED' });
  await spine.gather(user);
  await spine.runUntilIdle();
  const seen = await spine.device({ user, deviceId: 'ApplMISSED' });
  await spine.put({ ...seen, presence: 'missing', missingSince: spine.clock.now });
  await spine.enrol(enrolled('missed', { mailDeviceIds: ['ApplMISSED'] }));
  await spine.runUntilIdle();
  expect(await spine.verdicts({ sourceId, user })).toEqual({ ApplMISSED: 'approve enrolled-device' });
  expect(spine.effectsOn(user, 'ApplMISSED')).toEqual([]);
  await spine.put({ ...(await spine.device({ user, deviceId: 'ApplMISSED' })), presence: 'present', missingSince: null });
  await spine.evaluate(user);
  await spine.runUntilIdle();
  expect(approvalOf(user, 'ApplMISSED')).toBe(2);
});

test('a missing baseline decides nothing, and existing devices are never blocked', async () => {
  await publish({ devicesPerUser: 0 });
  await spine.sources.update(sourceId, { aqInForce: false });
  const user = nextUser();
  spine.simulator.adminApprove(spine.simulator.arrive(user, { deviceId: 'ApplOLD' }));
  await spine.gather(user, { baselineRun: baseline });
  await spine.runUntilIdle();
  expect(await spine.verdicts({ sourceId, user })).toEqual({ ApplOLD: 'leave aq-off' });
  await spine.sources.update(sourceId, { aqInForce: true });
  await spine.evaluate(user);
  await spine.runUntilIdle();
  expect(await spine.verdicts({ sourceId, user })).toEqual({ ApplOLD: 'leave existing-device' });
  expect(spine.effectsOn(user, 'ApplOLD')).toEqual([]);
});

test('a permanently failed action is not requested again while nothing changes', async () => {
  await publish({ devicesPerUser: 3 });
  const user = nextUser();
  spine.simulator.setFaults([{ kind: 'ignored-writes' }]);
  spine.simulator.arrive(user, { deviceId: 'ApplFAIL' });
  await spine.gather(user);
  await spine.runUntilIdle();
  for (let again = 0; again < 3; again++) await spine.evaluate(user);
  await spine.runUntilIdle();
  spine.simulator.setFaults([]);
  expect((await spine.actionsOf(user, 'ApplFAIL')).map(({ state }) => state)).toEqual(['failed']);
  expect(spine.effectsOn(user, 'ApplFAIL')).toHaveLength(1);
});

test('an approval that is no longer wanted is cancelled before it is sent', async () => {
  await publish({ devicesPerUser: 0, autoApproveEnrolled: true });
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'ApplFLIP' });
  await spine.enrol(enrolled('flip', { mailDeviceIds: ['ApplFLIP'] }));
  await spine.gather(user);
  await spine.perform.evaluation({ kind: 'users', sourceId, users: [user], cause: 'test' });
  await spine.enrol(enrolled('flip', { mailDeviceIds: ['ApplFLIP'], status: 'Removed', version: 2 }));
  await spine.perform.evaluation({ kind: 'users', sourceId, users: [user], cause: 'test' });
  await spine.runUntilIdle();
  expect((await spine.actionsOf(user, 'ApplFLIP')).map(({ state }) => state)).toEqual(['cancelled']);
  expect(spine.effectsOn(user, 'ApplFLIP')).toEqual([]);
  await spine.enrol(enrolled('flip', { mailDeviceIds: ['ApplFLIP'], version: 3 }));
  await spine.runUntilIdle();
  expect(approvalOf(user, 'ApplFLIP')).toBe(2);
});

test('parallel evaluations double no action and no line', async () => {
  await publish({ devicesPerUser: 1 });
  const user = nextUser();
  spine.simulator.arrive(user, { deviceId: 'ApplPAR' });
  await spine.gather(user);
  const message = { kind: 'users', sourceId, users: [user], cause: 'test' };
  await Promise.all(Array.from({ length: 8 }, () => spine.perform.evaluation(message)));
  await spine.runUntilIdle();
  expect(await spine.actionsOf(user, 'ApplPAR')).toHaveLength(1);
  expect(spine.effectsOn(user, 'ApplPAR')).toHaveLength(1);
  const lines = await spine.timeline.read({ sourceId, user, deviceId: 'ApplPAR' });
  const kinds = lines.map(({ kind }) => kind).sort();
  expect(kinds).toEqual(['action', 'action-step', 'action-step', 'action-step', 'verdict']);
});

test.each([
  ['leaves it alone', { autoApproveEnrolled: false, devicesPerUser: 0 }],
  ['is off', { requireApproval: 'off' }],
] as const)('3: under settings by which Auto-Quarantine %s, only its own block is lifted', async (_, back) => {
  const user = nextUser();
  const deviceId = `ApplBACK${users}`;
  await publish({ autoApproveByPolicy: false });
  spine.simulator.arrive(user, { deviceId });
  const phone = spine.simulator.find(user, deviceId);
  if (!phone) throw new Error('no device');
  spine.simulator.adminChange(phone, { approval: 16, access: 0 });
  await spine.gather(user);
  await spine.runUntilIdle();
  expect(await spine.verdicts({ sourceId, user })).toEqual({ [deviceId]: 'leave already-admitted' });

  await spine.enrol(enrolled(`back ${user}`, { mailDeviceIds: [deviceId], mailConfiguration: 'manual' }));
  await publish({ autoApproveByPolicy: true });
  await spine.evaluate(user);
  await spine.runUntilIdle();
  expect(spine.simulator.find(user, deviceId)).toMatchObject({ approval: 8, access: 1 });
  expect((await spine.device({ user, deviceId })).denial).toMatchObject({ took: { approval: 'not-required' } });

  await publish(back);
  await spine.evaluate(user);
  await spine.runUntilIdle();
  expect(spine.effectsOn(user, deviceId)).toEqual([
    { approval_policy: 8, access_status: 1 },
    { approval_policy: 16, access_status: 0 },
  ]);
  const device = await spine.device({ user, deviceId });
  expect(device).toMatchObject({ denial: null, openAction: null, detail: { approval: 'not-required', access: 'allow' } });
  expect(device.verdict?.verdict).toBe('leave');
  const [end] = (await spine.timeline.read({ sourceId, user, deviceId })).filter(({ kind }) => kind === 'action');
  expect(end?.says).toMatch(/^Giving access back asked for by Auto-Quarantine: confirmed/);
});
