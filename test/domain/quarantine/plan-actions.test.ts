import { describe, expect, test } from 'vitest';
import type { DeviceFacts } from '#domain/devices/device-facts';
import { decide } from '#domain/quarantine/decide';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { isHeld, overtakenAction, planActions } from '#domain/quarantine/plan-actions';
import {
  aDecision,
  aDevice,
  allowedWithoutApproval,
  anEnrolment,
  approvedThere,
  aqOn,
  aUser,
  denied,
  ourBlock,
  ourHold,
} from '#test/fixtures/decision';

function planFor(device: DeviceFacts, deviation: Partial<DecideInput> = {}) {
  const input = aUser({ devices: [device], ...deviation });
  return planActions({ devices: input.devices, verdicts: decide(input), enforcement: input.enforcement });
}
const allowed = { settings: aqOn({ devicesPerUser: 1 }) };
const byPolicy = {
  settings: aqOn({ autoApproveByPolicy: true }),
  enrolments: [anEnrolment('E', { mailDeviceIds: ['A'], mailConfiguration: 'manual' as const })],
};
const extender = { enforcement: 'extender' as const };

describe('an approval', () => {
  test('is planned for a waiting device, and says why', () => {
    expect(planFor(aDevice('A'), allowed)).toEqual([
      {
        deviceId: 'A',
        type: 'approve',
        purpose: 'verdict',
        verdict: 'approve',
        rule: 'within-allowance',
        reason: "the user's first device, where 1 is allowed before approval",
      },
    ]);
  });
  test.each([denied, { approval: 'denied', access: 'allow' } as const, { approval: 'not-required', access: 'deny' } as const])(
    'lifts our own block, shown as $approval and $access',
    (detail) => {
      expect(planFor(aDevice('A', { detail, denial: ourHold }), allowed)).toMatchObject([{ type: 'approve' }]);
    },
  );
  test.each([approvedThere, allowedWithoutApproval, { approval: 'unset' } as const, { approval: 'unknown' } as const, null])(
    'is not planned for a device that is neither waiting nor blocked: %o',
    (detail) => expect(planFor(aDevice('A', { detail }), allowed)).toEqual([]),
  );
  test("is not planned over the denial of another, even after a person's decision", () => {
    expect(planFor(aDevice('A', { detail: denied }), { decisions: [aDecision('A', 'approve')] })).toEqual([]);
  });
  test('is not planned for a device that waits while another has prohibited it', () => {
    const detail = { approval: 'pending', access: 'prohibit' } as const;
    expect(planFor(aDevice('A', { detail }), { decisions: [aDecision('A', 'approve')] })).toEqual([]);
  });
  test('does not lift our block while a pending wipe is possible', () => {
    expect(planFor(aDevice('A', { detail: { ...denied, wipe: 'unknown' }, denial: ourBlock }), allowed)).toEqual([]);
  });
});

describe('a hold', () => {
  test('needs no action where the server holds the device', () => {
    expect(planFor(aDevice('A'))).toEqual([]);
    expect(planFor(aDevice('A'), extender)).toEqual([]);
  });
  test('blocks an allowed device where the extender enforces, recorded as a hold', () => {
    expect(planFor(aDevice('A', { detail: allowedWithoutApproval }), extender)).toMatchObject([
      { type: 'block', purpose: 'hold', rule: 'over-allowance' },
    ]);
  });
  test.each([
    { approval: 'unknown' } as const,
    { access: 'unknown', approval: 'unset' } as const,
    { ...allowedWithoutApproval, wipe: 'unknown' } as const,
    null,
  ])('blocks nothing in an unknown state: %o', (detail) => expect(planFor(aDevice('A', { detail }), extender)).toEqual([]));
});

describe('a block', () => {
  test.each([approvedThere, allowedWithoutApproval, { approval: 'pending' } as const])(
    'is planned for a device not denied: %o',
    (detail) => {
      expect(planFor(aDevice('A', { detail }), byPolicy)).toMatchObject([{ type: 'block', purpose: 'verdict' }]);
    },
  );
  test('is not planned for a device that is denied already', () => {
    expect(planFor(aDevice('A', { detail: denied, denial: ourBlock }), byPolicy)).toEqual([]);
  });
  test.each([{ approval: 'unknown' } as const, { access: 'unknown' } as const, { wipe: 'unknown' } as const, null])(
    'is not planned for a device in an unknown state: %o',
    (detail) => expect(planFor(aDevice('A', { detail }), byPolicy)).toEqual([]),
  );
});

describe('an action that is open already', () => {
  const open = (type: string) => ({ openAction: { actionId: 'x', type, state: 'queued' } });
  test('in the same direction is not planned twice', () => {
    expect(planFor(aDevice('A', open('approve')), allowed)).toEqual([]);
    expect(planFor(aDevice('A', open('block')), byPolicy)).toEqual([]);
  });
  test('in the other direction is superseded', () => {
    expect(planFor(aDevice('A', open('block')), allowed)).toMatchObject([{ type: 'approve' }]);
    expect(planFor(aDevice('A', open('approve')), byPolicy)).toMatchObject([{ type: 'block' }]);
  });
  test.each(['wipe', 'cancel-wipe', 'remove'])('that is a %s excludes any other', (type) => {
    expect(planFor(aDevice('A', open(type)), allowed)).toEqual([]);
    expect(planFor(aDevice('A', open(type)), byPolicy)).toEqual([]);
  });
  test('that contradicts the verdict is named, to be cancelled', () => {
    const named = (device: DeviceFacts, deviation: Partial<DecideInput> = {}) => {
      const [verdict] = decide(aUser({ devices: [device], ...deviation }));
      return verdict ? overtakenAction(device, verdict) : 'no verdict';
    };
    expect(named(aDevice('A', open('approve')))).toBe('x');
    expect(named(aDevice('A', open('block')), allowed)).toBe('x');
    expect(named(aDevice('A', open('approve')), allowed)).toBeNull();
    expect(named(aDevice('A', open('wipe')))).toBeNull();
    expect(named(aDevice('A'))).toBeNull();
  });
});

describe('a device is held', () => {
  const held = (device: DeviceFacts, deviation: Partial<DecideInput> = {}) => {
    const input = aUser({ devices: [device], ...deviation });
    const verdicts = decide(input);
    const planned = planActions({ devices: input.devices, verdicts, enforcement: input.enforcement });
    return verdicts.map((verdict) => isHeld(device, verdict, planned));
  };
  test('when it waits and no rule allows it', () => expect(held(aDevice('A'))).toEqual([true]));
  test('when we hold it', () => expect(held(aDevice('A', { detail: denied, denial: ourHold }), extender)).toEqual([true]));
  test('when we are about to', () => expect(held(aDevice('A', { detail: allowedWithoutApproval }), extender)).toEqual([true]));
  test('not when it is approved', () => expect(held(aDevice('A'), allowed)).toEqual([false]));
  test('not when its state on the server is unknown', () =>
    expect(held(aDevice('A', { detail: null }), extender)).toEqual([false]));
});

test('leave and undetermined never lead to an action', () => {
  const undetermined = { settings: aqOn({ autoApproveEnrolled: true }), enrolmentFeed: 'never' as const };
  expect(planFor(aDevice('A'), undetermined)).toEqual([]);
  expect(planFor(aDevice('A', { detail: allowedWithoutApproval }), { ...undetermined, ...extender })).toEqual([]);
  expect(planFor(aDevice('A', { detail: denied }))).toEqual([]);
});
