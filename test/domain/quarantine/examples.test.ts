/** The examples of the design note on Auto-Quarantine, by number. */
import { expect, test } from 'vitest';
import { decide } from '#domain/quarantine/decide';
import { planActions } from '#domain/quarantine/plan-actions';
import {
  aDecision,
  aDevice,
  anEnrolment,
  approvedThere,
  aqOn,
  aUser,
  denied,
  hour,
  now,
  onlyVerdict,
  ourBlock,
  verdictsOf,
} from '#test/fixtures/decision';

const a = aDevice('A', { registeredAt: 1 });
const b = aDevice('B', { registeredAt: 2 });
const c = aDevice('C', { registeredAt: 3 });

test('1: with two devices allowed, the first two are approved and the third held', () => {
  const verdicts = decide(aUser({ settings: aqOn({ devicesPerUser: 2 }), devices: [c, a, b] }));
  expect(verdictsOf(verdicts)).toEqual({ A: 'approve', B: 'approve', C: 'hold' });
});

test('1: once B is removed, C moves up and is approved', () => {
  const verdicts = decide(aUser({ settings: aqOn({ devicesPerUser: 2 }), devices: [a, c] }));
  expect(verdictsOf(verdicts)).toEqual({ A: 'approve', C: 'approve' });
});

test('2: a pending device is held until an enrolment with its id arrives', () => {
  const before = aUser({ settings: aqOn({ autoApproveEnrolled: true }), devices: [a] });
  expect(onlyVerdict(before)).toMatchObject({ verdict: 'hold', rule: 'over-allowance' });
  const after = { ...before, enrolments: [anEnrolment('E', { mailDeviceIds: ['a'] })] };
  expect(onlyVerdict(after)).toMatchObject({ verdict: 'approve', rule: 'enrolled-device' });
});

test('3: manual mail on an enrolled device is blocked; pushed mail lifts our block', () => {
  const byHand = anEnrolment('E', { mailDeviceIds: ['A'], mailConfiguration: 'manual' });
  const before = aUser({ settings: aqOn({ autoApproveByPolicy: true }), devices: [a], enrolments: [byHand] });
  expect(onlyVerdict(before)).toMatchObject({ verdict: 'block', rule: 'mail-pushed-by-policy' });

  const blocked = aDevice('A', { registeredAt: 1, detail: denied, denial: ourBlock });
  const after = { ...before, devices: [blocked], enrolments: [{ ...byHand, mailConfiguration: 'pushed' as const, version: 2 }] };
  const verdicts = decide(after);
  expect(verdicts).toMatchObject([{ verdict: 'approve', rule: 'mail-pushed-by-policy' }]);
  expect(planActions({ devices: [blocked], verdicts, enforcement: 'server' })).toMatchObject([
    { deviceId: 'A', type: 'approve' },
  ]);
});

test('4: with requireApproval off, a pending Secure Mail device is approved', () => {
  const input = aUser({ settings: aqOn({ requireApproval: 'off' }), devices: [aDevice('MDMxx1')] });
  expect(onlyVerdict(input)).toMatchObject({ client: 'secure-mail', verdict: 'approve', rule: 'secure-mail' });
});

test('5: Verse on iOS is approved with an enrolled iPhone, not with only an Android', () => {
  const settings = aqOn({ autoApproveVerse: true });
  const enrolled = anEnrolment('E', { user: { email: 'jane@acme.com', travelerUser: 'Jane Doe/Acme' } });
  const input = aUser({ settings, devices: [aDevice('HCL_IOS_1')], enrolments: [enrolled] });
  expect(onlyVerdict(input)).toMatchObject({ verdict: 'approve', rule: 'verse-on-enrolled-device' });
  const androidOnly = { ...input, enrolments: [{ ...enrolled, platform: 'Android' }] };
  expect(onlyVerdict(androidOnly)).toMatchObject({ verdict: 'hold', rule: 'over-allowance' });
});

test('6: an enrolment that is Pending Control Removed does not count as enrolled', () => {
  const leaving = anEnrolment('E', { mailDeviceIds: ['A'], status: 'Pending Control Removed' });
  const input = aUser({
    settings: aqOn({ autoApproveEnrolled: true, autoApproveByPolicy: true }),
    devices: [a],
    enrolments: [leaving],
  });
  expect(onlyVerdict(input)).toMatchObject({ verdict: 'hold', rule: 'over-allowance' });
});

test('7: an enrolled phone that a person blocked stays blocked until withdrawal or expiry', () => {
  const settings = aqOn({ autoApproveEnrolled: true });
  const input = aUser({ settings, devices: [a], enrolments: [anEnrolment('E', { mailDeviceIds: ['A'] })] });
  const withDecision = (deviation: object) => onlyVerdict({ ...input, decisions: [aDecision('A', 'block', deviation)] });
  expect(withDecision({})).toMatchObject({ verdict: 'block', rule: 'manual-decision' });
  expect(withDecision({ expiresAt: now + 1 })).toMatchObject({ verdict: 'block', rule: 'manual-decision' });
  expect(withDecision({ expiresAt: now })).toMatchObject({ verdict: 'approve', rule: 'enrolled-device' });
  expect(withDecision({ withdrawnAt: now - hour })).toMatchObject({ verdict: 'approve', rule: 'enrolled-device' });
});

test('8: a device denied by an administrator on the server is left alone, visibly', () => {
  const input = aUser({ settings: aqOn({ devicesPerUser: 9 }), devices: [aDevice('A', { detail: denied })] });
  expect(onlyVerdict(input)).toMatchObject({ verdict: 'leave', rule: 'denied-elsewhere' });
});

test('with both options for enrolled devices on, only pushed mail is approved', () => {
  const settings = aqOn({ autoApproveEnrolled: true, autoApproveByPolicy: true });
  const verdictFor = (mailConfiguration: 'pushed' | 'manual' | 'unknown') =>
    onlyVerdict(aUser({ settings, devices: [a], enrolments: [anEnrolment('E', { mailDeviceIds: ['A'], mailConfiguration })] }))
      .verdict;
  expect([verdictFor('pushed'), verdictFor('manual'), verdictFor('unknown')]).toEqual(['approve', 'block', 'undetermined']);
});

test('devices that have access now come first, whenever they registered', () => {
  const approved = aDevice('Z', { registeredAt: 9, detail: approvedThere });
  const verdicts = decide(aUser({ settings: aqOn({ devicesPerUser: 1 }), devices: [a, approved] }));
  expect(verdicts.map(({ deviceId, place, verdict }) => [deviceId, place, verdict])).toEqual([
    ['A', 2, 'hold'],
    ['Z', 1, 'approve'],
  ]);
});
