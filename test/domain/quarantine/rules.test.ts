import { describe, expect, test } from 'vitest';
import { decide } from '#domain/quarantine/decide';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { rules } from '#domain/quarantine/rules';
import {
  aDecision,
  aDevice,
  allowedWithoutApproval,
  anEnrolment,
  approvedThere,
  aqOn,
  aUser,
  denied,
  hour,
  now,
  onlyVerdict,
  ourBlock,
  ourBlockOfAllowed,
  ourHold,
} from '#test/fixtures/decision';

const one = (device: ReturnType<typeof aDevice>, deviation: Partial<DecideInput> = {}) =>
  onlyVerdict(aUser({ devices: [device], ...deviation }));

test('the rules are those of the design, in its order', () => {
  expect(rules.map(({ id }) => id)).toEqual([
    'wipe-in-progress',
    'manual-decision',
    'denied-elsewhere',
    'secure-mail',
    'aq-off',
    'existing-device',
    'unread-in-baseline',
    'ambiguous-match',
    'verse-on-enrolled-device',
    'mail-pushed-by-policy',
    'enrolled-device',
    'within-allowance',
    'already-admitted',
    'enrolment-unknown',
    'over-allowance',
  ]);
});

describe('wipe-in-progress', () => {
  test.each(['requested', 'wiped'] as const)('a device whose wipe is %s is left alone, even if a person approved it', (wipe) => {
    const verdict = one(aDevice('A', { detail: { wipe } }), { decisions: [aDecision('A', 'approve')] });
    expect(verdict).toMatchObject({ verdict: 'leave', rule: 'wipe-in-progress' });
  });
});

describe('manual-decision', () => {
  test.each(['approve', 'block'] as const)('the %s of a person decides, and says who, when and why', (decided) => {
    const verdict = one(aDevice('A'), { decisions: [aDecision('A', decided, { reason: 'lost phone' })] });
    expect(verdict).toMatchObject({ verdict: decided, rule: 'manual-decision' });
    expect(verdict.evidence).toContain('the person ann on 2026-03-01 08:30 UTC: lost phone');
  });

  test('the newest decision in effect counts, and an older one after its withdrawal', () => {
    const older = aDecision('A', 'block', { at: now - 2 * hour });
    const newer = aDecision('A', 'approve', { at: now - hour });
    expect(one(aDevice('A'), { decisions: [newer, older] }).verdict).toBe('approve');
    expect(one(aDevice('A'), { decisions: [{ ...newer, withdrawnAt: now }, older] }).verdict).toBe('block');
  });

  test('of two simultaneous decisions the block counts, in either order', () => {
    const both = [aDecision('A', 'approve'), aDecision('A', 'block')];
    expect(one(aDevice('A'), { decisions: both }).verdict).toBe('block');
    expect(one(aDevice('A'), { decisions: both.toReversed() }).verdict).toBe('block');
  });

  test('a decision on one device does not affect another', () => {
    expect(one(aDevice('A'), { decisions: [aDecision('B', 'approve')] }).rule).toBe('over-allowance');
  });

  test('it outranks a denial on the server', () => {
    expect(one(aDevice('A', { detail: denied }), { decisions: [aDecision('A', 'approve')] }).rule).toBe('manual-decision');
  });
});

describe('denied-elsewhere', () => {
  test.each([
    ['denied', 'allow'],
    ['approved', 'deny'],
    ['not-required', 'prohibit'],
    ['pending', 'prohibit'],
    ['unknown', 'deny'],
  ] as const)('a device shown as %s with access %s by others is left alone', (approval, access) => {
    const settings = aqOn({ devicesPerUser: 5 });
    expect(one(aDevice('A', { detail: { approval, access } }), { settings })).toMatchObject({
      verdict: 'leave',
      rule: 'denied-elsewhere',
    });
  });

  test('a waiting device that is locked out while it waits can still be approved', () => {
    const waiting = aDevice('A', { detail: { approval: 'pending', access: 'deny' } });
    expect(one(waiting, { settings: aqOn({ devicesPerUser: 1 }) })).toMatchObject({
      verdict: 'approve',
      rule: 'within-allowance',
    });
  });

  test.each([ourBlock, ourHold])('a device that we blocked ourselves ($kind) is not denied elsewhere', (denial) => {
    expect(one(aDevice('A', { detail: denied, denial })).rule).toBe('over-allowance');
  });

  test('it precedes Secure Mail: what an administrator denied stays denied', () => {
    expect(one(aDevice('MDMxxA', { detail: denied })).rule).toBe('denied-elsewhere');
  });
});

describe('secure-mail', () => {
  test("a listed Secure Mail id is approved, whatever the enrolment's status", () => {
    const enrolments = [anEnrolment('E', { secureMailDeviceIds: ['abc'], status: 'Inactive' })];
    expect(one(aDevice('ABC'), { enrolments })).toMatchObject({ client: 'secure-mail', verdict: 'approve', rule: 'secure-mail' });
  });

  test('it is approved on a server too old for Auto-Quarantine and before the baseline', () => {
    const server = { requiresApproval: true, aqSupport: 'unsupported' } as const;
    expect(one(aDevice('mdmXX1'), { server, baseline: 'owed' }).verdict).toBe('approve');
  });
});

describe('aq-off', () => {
  const inForce = (deviation: Partial<DecideInput>, device = aDevice('A')) => one(device, deviation).rule !== 'aq-off';

  test('on is in force and off is not', () => {
    expect(inForce({ settings: aqOn() })).toBe(true);
    expect(inForce({ settings: aqOn({ requireApproval: 'off' }) })).toBe(false);
  });

  test.each([
    [true, true],
    [false, false],
  ])('with the mode server and a server that says %s, in force: %s', (requiresApproval, expected) => {
    const server = { requiresApproval, aqSupport: 'supported' } as const;
    expect(inForce({ settings: aqOn({ requireApproval: 'server' }), server })).toBe(expected);
  });

  test('where the server cannot say, it is in force for waiting devices only', () => {
    const unread = {
      settings: aqOn({ requireApproval: 'server' }),
      server: { requiresApproval: 'unknown', aqSupport: 'supported' },
    } as const;
    expect(inForce(unread)).toBe(true);
    expect(inForce(unread, aDevice('A', { detail: allowedWithoutApproval }))).toBe(false);
    expect(inForce(unread, aDevice('A', { detail: { approval: 'unknown' } }))).toBe(false);
    expect(inForce(unread, aDevice('A', { detail: null }))).toBe(false);
  });

  test('it is not in force while existing devices are still to be recorded', () => {
    const verdict = one(aDevice('A'), { baseline: 'owed' });
    expect(verdict).toMatchObject({ verdict: 'leave', rule: 'aq-off' });
    expect(verdict.evidence).toContain('recorded as existing');
  });

  test.each(['unsupported', 'unknown'] as const)(
    'on a server whose support is %s it says that it needs Traveler 9.0',
    (aqSupport) => {
      const verdict = one(aDevice('A'), { server: { requiresApproval: true, aqSupport } });
      expect(verdict).toMatchObject({ verdict: 'leave', rule: 'aq-off' });
      expect(verdict.evidence).toContain('Traveler 9.0 or later');
    },
  );

  test('a device that we still block is shown how to get out', () => {
    const blockedByUs = aDevice('A', { detail: denied, denial: ourHold });
    expect(one(blockedByUs, { settings: aqOn({ requireApproval: 'off' }) }).evidence).toContain(
      'still barred by our own earlier block',
    );
  });
});

describe('existing-device', () => {
  test('an existing device is left as it is', () => {
    expect(one(aDevice('A', { existing: true, detail: allowedWithoutApproval }), { enforcement: 'extender' })).toMatchObject({
      verdict: 'leave',
      rule: 'existing-device',
    });
  });

  test('an existing device that the server makes wait is approved', () => {
    expect(one(aDevice('A', { existing: true }))).toMatchObject({ verdict: 'approve', rule: 'existing-device' });
  });

  test('it precedes the policy rule: existing mail set up by hand is not blocked', () => {
    const enrolments = [anEnrolment('E', { mailDeviceIds: ['A'], mailConfiguration: 'manual' })];
    const settings = aqOn({ autoApproveByPolicy: true });
    expect(one(aDevice('A', { existing: true, detail: allowedWithoutApproval }), { settings, enrolments }).verdict).toBe('leave');
  });
});

describe('ambiguous-match', () => {
  const enrolments = [anEnrolment('E1', { mailDeviceIds: ['A'] }), anEnrolment('E2', { serial: 'X', mailDeviceIds: ['A'] })];

  test.each(['autoApproveEnrolled', 'autoApproveByPolicy', 'autoApproveVerse'] as const)(
    'with %s on, a device in two enrolled enrolments is undetermined',
    (option) => {
      const verdict = one(aDevice('A'), { settings: aqOn({ [option]: true, devicesPerUser: 5 }), enrolments });
      expect(verdict).toMatchObject({ verdict: 'undetermined', rule: 'ambiguous-match' });
      expect(verdict.evidence).toContain('E1');
      expect(verdict.evidence).toContain('E2');
    },
  );

  test('with no auto-approve option on, an enrolment ambiguity does not matter', () => {
    expect(one(aDevice('A'), { settings: aqOn({ devicesPerUser: 1 }), enrolments }).rule).toBe('within-allowance');
  });
});

describe('verse-on-enrolled-device', () => {
  const settings = aqOn({ autoApproveVerse: true });
  const named = { email: 'jane@acme.com', travelerUser: 'Jane Doe/Acme' };

  test('Verse on Android is approved on a device match with an enrolled Android device', () => {
    const enrolments = [anEnrolment('E', { platform: 'Android', mailDeviceIds: ['Android_1'] })];
    expect(one(aDevice('ANDROID_1'), { settings, enrolments }).rule).toBe('verse-on-enrolled-device');
  });

  test('Verse on Android is not approved on a user match alone', () => {
    const enrolments = [anEnrolment('E', { platform: 'Android', user: named })];
    expect(one(aDevice('Android_1'), { settings, enrolments }).verdict).toBe('hold');
  });

  test('Verse on iOS is approved on a device match', () => {
    const enrolments = [anEnrolment('E', { mailDeviceIds: ['IBM_IOS_1'] })];
    expect(one(aDevice('ibm_ios_1'), { settings, enrolments }).rule).toBe('verse-on-enrolled-device');
  });

  test.each([
    ['an iPhone that is no longer enrolled', anEnrolment('E', { user: named, status: 'Control Removed' })],
    ['an iPhone of another user', anEnrolment('E', { user: { ...named, travelerUser: 'John Roe/Acme' } })],
  ])('Verse on iOS is not approved for %s', (_, enrolment) => {
    expect(one(aDevice('HCL_IOS_1'), { settings, enrolments: [enrolment] }).verdict).toBe('hold');
  });

  test('with the option off, Verse is like any other client', () => {
    expect(one(aDevice('HCL_IOS_1'), { enrolments: [anEnrolment('E', { user: named })] }).verdict).toBe('hold');
  });

  test('other clients are not approved by it', () => {
    expect(one(aDevice('Appl1'), { settings, enrolments: [anEnrolment('E', { user: named })] }).verdict).toBe('hold');
  });
});

describe('mail-pushed-by-policy', () => {
  const settings = aqOn({ autoApproveByPolicy: true, devicesPerUser: 5 });

  test.each([
    ['pushed', 'approve'],
    ['manual', 'block'],
    ['unknown', 'undetermined'],
  ] as const)('an enrolled device whose mail is %s: %s', (mailConfiguration, verdict) => {
    const enrolments = [anEnrolment('E', { mailDeviceIds: ['A'], mailConfiguration })];
    expect(one(aDevice('A'), { settings, enrolments })).toMatchObject({ verdict, rule: 'mail-pushed-by-policy' });
  });

  test('it does not apply to a device that is not enrolled', () => {
    const enrolments = [anEnrolment('E', { mailDeviceIds: ['A'], mailConfiguration: 'manual', status: 'Not Enrolled' })];
    expect(one(aDevice('A'), { settings, enrolments }).rule).toBe('within-allowance');
  });
});

describe('enrolled-device', () => {
  const settings = aqOn({ autoApproveEnrolled: true });

  test.each([
    ['mail id', { mailDeviceIds: ['applx1'] }],
    ['serial number', { serial: 'x1' }],
  ])('a device found by its %s is approved', (_, deviation) => {
    expect(one(aDevice('ApplX1'), { settings, enrolments: [anEnrolment('E', deviation)] }).rule).toBe('enrolled-device');
  });

  test.each(['enrolled', 'ENROLLED', ' Enrolled '])('status "%s" counts as enrolled', (status) => {
    expect(one(aDevice('A'), { settings, enrolments: [anEnrolment('E', { mailDeviceIds: ['A'], status })] }).verdict).toBe(
      'approve',
    );
  });

  test.each(['Not Enrolled', 'Activated', 'Inactive', 'Removed', 'Pending Control Removed', 'enrolled?', ''])(
    'status "%s" does not',
    (status) => {
      expect(one(aDevice('A'), { settings, enrolments: [anEnrolment('E', { mailDeviceIds: ['A'], status })] }).verdict).toBe(
        'hold',
      );
    },
  );

  test('a device match holds even when the enrolment feed is stale', () => {
    const enrolments = [anEnrolment('E', { mailDeviceIds: ['A'] })];
    expect(one(aDevice('A'), { settings, enrolments, enrolmentFeed: 'stale' }).verdict).toBe('approve');
  });
});

describe('within-allowance', () => {
  test('it says which place of how many', () => {
    expect(one(aDevice('A'), { settings: aqOn({ devicesPerUser: 2 }) })).toMatchObject({
      verdict: 'approve',
      rule: 'within-allowance',
      evidence: "the user's first device, where 2 are allowed before approval",
    });
  });
});

describe('unread-in-baseline', () => {
  test('a device unread when existing devices were recorded is neither held nor blocked', () => {
    const unread = aDevice('A', { baselineOwed: true });
    for (const enforcement of ['server', 'extender'] as const)
      expect(one(unread, { enforcement })).toMatchObject({ verdict: 'undetermined', rule: 'unread-in-baseline' });
    const enrolments = [anEnrolment('e1', { mailConfiguration: 'manual', mailDeviceIds: ['A'] })];
    const settings = aqOn({ autoApproveByPolicy: true });
    expect(one(aDevice('A'), { enrolments, settings }).verdict).toBe('block');
    expect(one(unread, { enrolments, settings }).verdict).toBe('undetermined');
  });

  test('a decision by hand counts for it as for any other', () => {
    const verdict = one(aDevice('A', { baselineOwed: true }), { decisions: [aDecision('A', 'block')] });
    expect(verdict).toMatchObject({ verdict: 'block', rule: 'manual-decision' });
  });
});

describe('already-admitted', () => {
  test.each(['unset', 'approved', 'auto-approved', 'not-required'] as const)(
    'a device that the server allows (%s) is left alone where the server enforces',
    (approval) => {
      expect(one(aDevice('A', { detail: { approval } }))).toMatchObject({ verdict: 'leave', rule: 'already-admitted' });
    },
  );

  test.each(['approved', 'auto-approved'] as const)('a device %s on the server is left alone where we enforce', (approval) => {
    expect(one(aDevice('A', { detail: { approval } }), { enforcement: 'extender' }).rule).toBe('already-admitted');
  });

  test.each(['unset', 'not-required'] as const)('a device allowed without approval (%s) is held where we enforce', (approval) => {
    expect(one(aDevice('A', { detail: { approval } }), { enforcement: 'extender' }).rule).toBe('over-allowance');
  });

  test('a device that we blocked after it was approved is not admitted', () => {
    const blockedByUs = aDevice('A', { detail: { approval: 'approved', access: 'deny' }, denial: ourHold });
    expect(one(blockedByUs).rule).toBe('over-allowance');
  });

  test.each([
    ['unknown', 'allow'],
    ['not-required', 'unknown'],
  ] as const)('approval %s with access %s is not access', (approval, access) => {
    expect(one(aDevice('A', { detail: { approval, access } })).rule).toBe('over-allowance');
  });
});

describe('enrolment-unknown', () => {
  test.each(['stale', 'never'] as const)(
    'with an option on and a %s feed, an unmatched device is undetermined',
    (enrolmentFeed) => {
      const verdict = one(aDevice('A'), { settings: aqOn({ autoApproveEnrolled: true }), enrolmentFeed });
      expect(verdict).toMatchObject({ verdict: 'undetermined', rule: 'enrolment-unknown' });
    },
  );

  test('with no option on, the feed does not matter', () => {
    expect(one(aDevice('A'), { enrolmentFeed: 'never' }).rule).toBe('over-allowance');
  });
});

describe('over-allowance', () => {
  test('the third of two devices says which were first', () => {
    const devices = ['A', 'B', 'C'].map((id) => aDevice(id));
    const input = aUser({ settings: aqOn({ devicesPerUser: 2 }), devices });
    const [, , third] = decide(input);
    expect(third?.evidence).toBe("the user's third device, where 2 are allowed before approval; first two: A, B");
    expect(third?.wouldChange).toContain('frees a place');
  });

  test('an allowance of 0 says so', () => {
    expect(one(aDevice('A')).evidence).toBe('no device is allowed before approval');
  });

  test('a device whose full record was never read says so', () => {
    expect(one(aDevice('A', { detail: null })).evidence).toContain('not read yet');
  });
});

test('every verdict of every rule carries evidence and what would change it', () => {
  for (const detail of [null, denied, allowedWithoutApproval, approvedThere, { approval: 'pending' } as const])
    for (const requireApproval of ['on', 'off', 'server'] as const) {
      const { evidence, wouldChange } = one(aDevice('A', { detail }), {
        settings: aqOn({ requireApproval, autoApproveEnrolled: true }),
      });
      expect(evidence.length).toBeGreaterThan(10);
      expect(wouldChange).toMatch(/^[A-Z].*\.$/);
    }
});

describe('our own block, once no rule requires it any more', () => {
  const blockedByUs = (deviation: Parameters<typeof aDevice>[1] = {}) =>
    aDevice('A', { detail: denied, denial: ourBlockOfAllowed, ...deviation });
  const off = aqOn({ requireApproval: 'off' });
  const server = (requiresApproval: boolean | 'unknown', aqSupport: 'supported' | 'unknown' = 'supported') =>
    ({ settings: aqOn({ requireApproval: 'server' }), server: { requiresApproval, aqSupport } }) as const;

  test('is lifted where the server enforces, since it would otherwise be left alone', () => {
    const verdict = one(blockedByUs());
    expect(verdict).toMatchObject({ verdict: 'approve', rule: 'already-admitted' });
    expect(verdict.evidence).toContain('it had access until Auto-Quarantine blocked it on');
    expect(one(blockedByUs({ denial: ourBlock }))).toMatchObject({ verdict: 'hold', rule: 'over-allowance' });
  });

  test('where we enforce, is lifted only from previously approved devices', () => {
    const enforcement = 'extender';
    expect(one(blockedByUs(), { enforcement })).toMatchObject({ verdict: 'hold', rule: 'over-allowance' });
    const approved = { ...ourBlockOfAllowed, took: { approval: 'auto-approved' as const } };
    expect(one(blockedByUs({ denial: approved }), { enforcement })).toMatchObject({
      verdict: 'approve',
      rule: 'already-admitted',
    });
  });

  test('is lifted where Auto-Quarantine is known to be off, not where unknown', () => {
    const verdict = (deviation: Partial<DecideInput>) => one(blockedByUs(), deviation).verdict;
    expect(verdict({ settings: off })).toBe('approve');
    expect(verdict(server(false))).toBe('approve');
    expect(verdict(server('unknown'))).toBe('leave');
    expect(verdict(server(false, 'unknown'))).toBe('leave');
    expect(verdict({ ...server(false), baseline: 'owed' })).toBe('leave');
    expect(verdict({ baseline: 'owed' })).toBe('leave');
  });

  test('is lifted from an existing device', () => {
    expect(one(blockedByUs({ existing: true }))).toMatchObject({ verdict: 'approve', rule: 'existing-device' });
  });

  test.each([
    ['was prohibited since', { detail: { ...denied, access: 'prohibit' } }],
    ['waits for approval by now', { detail: { approval: 'pending', access: 'deny' } }],
    ['shows an approval that nobody can read', { detail: { approval: 'unknown', access: 'deny' } }],
    ['may have a wipe pending', { detail: { ...denied, wipe: 'unknown' } }],
  ] as const)('stays where the device %s', (_, deviation) => {
    for (const settings of [aqOn(), off]) expect(one(blockedByUs(deviation), { settings }).verdict).not.toBe('approve');
  });

  test('stays while the rule that blocked it applies, or may apply', () => {
    const settings = aqOn({ autoApproveByPolicy: true });
    const blocked = (mailConfiguration: 'manual' | 'unknown') =>
      one(blockedByUs(), { settings, enrolments: [anEnrolment('E', { mailDeviceIds: ['A'], mailConfiguration })] }).verdict;
    expect([blocked('manual'), blocked('unknown')]).toEqual(['block', 'undetermined']);
  });

  test('stays when a person wants it so', () => {
    expect(one(blockedByUs(), { settings: off, decisions: [aDecision('A', 'block')] }).verdict).toBe('block');
  });
});
