/** The laws of the decision, on random users. A failure prints its seed and the smallest user that breaks the law. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { denialOf } from '#domain/actions/own-block';
import type { DeviceFacts } from '#domain/devices/device-facts';
import { hasAccess } from '#domain/devices/server-state';
import { decide, type Verdict } from '#domain/quarantine/decide';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { type PlannedAction, planActions } from '#domain/quarantine/plan-actions';
import { anyUser, shuffled } from '#test/fixtures/arbitrary-decision';
import { aDevice, anEnrolment, aqOn, aUser, now } from '#test/fixtures/decision';

const nonApprovingRules = new Set(['aq-off', 'existing-device', 'already-admitted']);
const runs = { numRuns: 400 };
const planOf = (input: DecideInput, verdicts = decide(input)) =>
  planActions({ devices: input.devices, verdicts, enforcement: input.enforcement });
const byDevice = (verdicts: readonly Verdict[]) => new Map(verdicts.map((verdict) => [verdict.deviceId, verdict]));

/** What an obedient server shows after an action, and what we then store. */
function applied(device: DeviceFacts, action: PlannedAction | undefined): DeviceFacts {
  if (!action || !device.detail) return device;
  if (action.type === 'approve') {
    const approval = action.purpose === 'give-back' ? (device.denial?.took?.approval ?? 'approved') : 'approved';
    return { ...device, openAction: null, denial: null, detail: { ...device.detail, approval, access: 'allow' } };
  }
  const { purpose, rule } = action;
  return {
    ...device,
    openAction: null,
    denial: denialOf({ actionId: 'applied', purpose, rule, requestedBy: { kind: 'aq' } }, { before: device.detail, at: now }),
    detail: { ...device.detail, approval: 'denied', access: 'deny' },
  };
}

function afterPlan(input: DecideInput): DecideInput {
  const planned = new Map(planOf(input).map((action) => [action.deviceId, action]));
  return { ...input, devices: input.devices.map((device) => applied(device, planned.get(device.deviceId))) };
}

test('the order of every list has no influence, not even on the evidence', () => {
  const pairs = anyUser().chain((input) => shuffled(input).map((other) => [input, other] as const));
  fc.assert(
    fc.property(pairs, ([input, other]) => {
      expect(byDevice(decide(other))).toEqual(byDevice(decide(input)));
    }),
    runs,
  );
});

test('every device gets one verdict, in the given order, and the input is unchanged', () => {
  fc.assert(
    fc.property(anyUser(), (input) => {
      const before = structuredClone(input);
      expect(decide(input).map(({ deviceId }) => deviceId)).toEqual(input.devices.map(({ deviceId }) => deviceId));
      expect(input).toEqual(before);
    }),
    runs,
  );
});

describe('planning', () => {
  test('plans nothing when the same verdicts recur after the actions', () => {
    fc.assert(
      fc.property(anyUser(), (input) => {
        expect(planOf(afterPlan(input), decide(input))).toEqual([]);
      }),
      runs,
    );
  });

  test('plans nothing after its actions, where nobody lost access or a place', () => {
    fc.assert(
      fc.property(anyUser(), (input) => {
        const after = afterPlan(input);
        fc.pre(input.devices.every((device, at) => !hasAccess(device) || hasAccess(after.devices[at] ?? device)));
        fc.pre(
          input.enforcement === 'server' ||
            input.devices.every((device, at) => hasAccess(device) === hasAccess(after.devices[at] ?? device)),
        );
        expect(planOf(after)).toEqual([]);
      }),
      runs,
    );
  });

  test('reaches a fixed point: freed and used places change verdicts for few rounds only', () => {
    fc.assert(
      fc.property(anyUser(), (input) => {
        let current = input;
        for (let round = 0; round < input.devices.length + 1; round += 1) current = afterPlan(current);
        expect(planOf(current)).toEqual([]);
      }),
      runs,
    );
  });

  test('requests at most one action of a device, and none if one is open', () => {
    fc.assert(
      fc.property(anyUser(), (input) => {
        const planned = planOf(input);
        expect(new Set(planned.map(({ deviceId }) => deviceId)).size).toBe(planned.length);
        const open = new Map(input.devices.map(({ deviceId, openAction }) => [deviceId, openAction?.type]));
        for (const { deviceId, type } of planned)
          expect([undefined, type === 'approve' ? 'block' : 'approve']).toContain(open.get(deviceId));
      }),
      runs,
    );
  });
});

test('an existing device loses access only by a person or a portal rule', () => {
  fc.assert(
    fc.property(anyUser(), (input) => {
      const existing = new Set(input.devices.filter(({ existing: was }) => was).map(({ deviceId }) => deviceId));
      const cutOff = planOf(input).filter(({ type, deviceId }) => type === 'block' && existing.has(deviceId));
      for (const { rule } of cutOff) expect(rule).toBe('manual-decision');
    }),
    runs,
  );
});

test('of waiting devices that no other rule allows, exactly the first N are approved', () => {
  const count = fc.integer({ min: 0, max: 12 });
  fc.assert(
    fc.property(
      count,
      count,
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 12, maxLength: 12 }),
      (devices, allowed, times) => {
        const waiting = Array.from({ length: devices }, (_, at) => aDevice(`D${at + 10}`, { registeredAt: times[at] ?? 1 }));
        const verdicts = decide(aUser({ settings: aqOn({ devicesPerUser: allowed }), devices: waiting }));
        const first = waiting
          .toSorted((a, b) => a.registeredAt - b.registeredAt || a.deviceId.localeCompare(b.deviceId))
          .slice(0, allowed)
          .map(({ deviceId }) => deviceId);
        const approved = verdicts.filter(({ verdict }) => verdict === 'approve').map(({ deviceId }) => deviceId);
        expect(approved.toSorted()).toEqual(first.toSorted());
        expect(verdicts.filter(({ verdict }) => verdict === 'hold')).toHaveLength(Math.max(0, devices - allowed));
      },
    ),
    runs,
  );
});

test('undetermined and leave change nothing, and neither does an unknown state', () => {
  fc.assert(
    fc.property(anyUser(), (input) => {
      const verdicts = byDevice(decide(input));
      const devices = new Map(input.devices.map((device) => [device.deviceId, device]));
      for (const { deviceId } of planOf(input)) {
        expect(['undetermined', 'leave']).not.toContain(verdicts.get(deviceId)?.verdict);
        expect([null, 'unknown']).not.toContain(devices.get(deviceId)?.detail?.approval ?? null);
      }
    }),
    runs,
  );
});

test('nothing is approved over the denial of another', () => {
  fc.assert(
    fc.property(anyUser(), (input) => {
      const devices = new Map(input.devices.map((device) => [device.deviceId, device]));
      for (const { deviceId, type } of planOf(input)) {
        const device = devices.get(deviceId);
        if (type === 'approve' && device?.denial === null) expect(device.detail).toMatchObject({ approval: 'pending' });
        if (type === 'approve' && device?.denial === null) expect(device.detail?.access).not.toBe('prohibit');
      }
    }),
    runs,
  );
});

test("only Auto-Quarantine's own blocks are given back, without a new approval", () => {
  fc.assert(
    fc.property(anyUser(), (input) => {
      const devices = new Map(input.devices.map((device) => [device.deviceId, device]));
      for (const { deviceId, type, rule, purpose } of planOf(input)) {
        const device = devices.get(deviceId);
        const approvesAsExisting = rule === 'existing-device' && device?.detail?.approval === 'pending';
        expect(purpose === 'give-back').toBe(type === 'approve' && nonApprovingRules.has(rule) && !approvesAsExisting);
        if (purpose !== 'give-back') continue;
        expect(device?.denial?.took).toBeDefined();
        expect(device?.detail).toMatchObject({ access: 'deny' });
      }
    }),
    { numRuns: 1_500 },
  );
});

test('a give-back under other settings restores approval and access as before', () => {
  const policy = { autoApproveByPolicy: true, requireApproval: 'on', devicesPerUser: 0 } as const;
  const users = anyUser().map((input) => ({
    ...input,
    ...{ enforcement: 'server' as const, enrolmentFeed: 'fresh' as const, decisions: [] },
    devices: input.devices.map((device) => ({ ...device, existing: false, denial: null, openAction: null })),
    // Every other phone is enrolled, with mail set up by hand.
    enrolments: input.devices
      .filter((_, index) => index % 2 === 0)
      .map(({ deviceId }) => anEnrolment(deviceId, { mailDeviceIds: [deviceId], mailConfiguration: 'manual' })),
  }));
  let given = 0;
  fc.assert(
    fc.property(users, fc.constantFrom('on' as const, 'off' as const), (input, requireApproval) => {
      const blocked = afterPlan({ ...input, settings: { ...input.settings, ...policy } });
      const back = { ...blocked, settings: { ...aqOn(), requireApproval } };
      const after = afterPlan(back);
      for (const { deviceId, purpose } of planOf(back).filter(({ purpose }) => purpose === 'give-back')) {
        const [was, is] = [input, after].map(({ devices }) => devices.find((device) => device.deviceId === deviceId));
        given += 1;
        expect([purpose, is?.detail, is?.denial]).toEqual(['give-back', was?.detail, null]);
      }
    }),
    { numRuns: 1_500 },
  );
  expect(given).toBeGreaterThan(50);
});

describe('a stronger enrolment', () => {
  const severity = { approve: 0, leave: 1, undetermined: 1, hold: 2, block: 3 } as const;

  test('never makes a verdict harsher, except by policy rule or ambiguity', () => {
    const candidates = anyUser().filter(({ enrolments }) => enrolments.length > 0);
    fc.assert(
      fc.property(candidates, fc.nat(), (input, choice) => {
        const at = choice % input.enrolments.length;
        const withStatus = (status: string) => ({
          ...input,
          enrolments: input.enrolments.map((enrolment, index) => (index === at ? { ...enrolment, status } : enrolment)),
        });
        const weaker = byDevice(decide(withStatus('Removed')));
        for (const { deviceId, verdict, rule } of decide(withStatus('Enrolled'))) {
          const before = weaker.get(deviceId);
          if (rule === 'mail-pushed-by-policy' || rule === 'ambiguous-match' || before?.rule === 'ambiguous-match') continue;
          expect(before && severity[verdict] <= severity[before.verdict], `${before?.rule} to ${rule}`).toBe(true);
        }
      }),
      { numRuns: 1_500 },
    );
  });
});
