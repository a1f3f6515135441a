import { describe, expect, test } from 'vitest';
import { decide } from '#domain/quarantine/decide';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { aDevice, aLink, anEnrolment, aqOn, aUser, now, onlyVerdict } from '#test/fixtures/decision';

const verse = aDevice('HCL_IOS_1');
const settings = aqOn({ autoApproveVerse: true });
const matchOf = (deviation: Partial<DecideInput>) => onlyVerdict(aUser({ settings, devices: [verse], ...deviation })).match;
const of = (email: string, deviation: { name?: string; travelerUser?: string } = {}) => ({ user: { email, ...deviation } });

describe('a device match', () => {
  test('prefers the enrolled enrolment over one that no longer counts', () => {
    const enrolments = [
      anEnrolment('old', { mailDeviceIds: ['A'], status: 'Removed', ...of('jim@acme.com') }),
      anEnrolment('new', { mailDeviceIds: ['A'] }),
    ];
    expect(matchOf({ devices: [aDevice('a')], enrolments })).toMatchObject({ kind: 'device', enrolmentIds: ['new'] });
  });

  test('the same enrolment found by two ids is one match', () => {
    const enrolments = [anEnrolment('E', { mailDeviceIds: ['ApplX', 'APPLX'], serial: 'X' })];
    expect(matchOf({ devices: [aDevice('applx')], enrolments })).toMatchObject({ kind: 'device', enrolmentIds: ['E'] });
  });

  test('with two enrolled enrolments is ambiguous, and names both and their users', () => {
    const enrolments = [anEnrolment('E2', { serial: 'X', ...of('b@acme.com') }), anEnrolment('E1', { mailDeviceIds: ['ApplX'] })];
    const match = matchOf({ devices: [aDevice('applx')], enrolments });
    expect(match).toMatchObject({ kind: 'ambiguous', enrolmentIds: ['E1', 'E2'], portalUsers: ['b@acme.com', 'jane@acme.com'] });
  });

  test('that is unambiguous stays so when the user is ambiguous', () => {
    const enrolments = [
      anEnrolment('E1', { mailDeviceIds: ['A'], ...of('a@acme.com') }),
      anEnrolment('E2', { mailDeviceIds: ['B'], ...of('b@acme.com') }),
    ];
    const input = aUser({
      settings: aqOn({ autoApproveEnrolled: true }),
      devices: ['A', 'B', 'C'].map((id) => aDevice(id)),
      enrolments,
    });
    expect(decide(input).map(({ rule }) => rule)).toEqual(['enrolled-device', 'enrolled-device', 'ambiguous-match']);
  });

  test('is found among very many enrolments', () => {
    const enrolments = Array.from({ length: 500 }, (_, at) =>
      anEnrolment(`E${at}`, { mailDeviceIds: [`mail-${at}`], secureMailDeviceIds: [`secure-${at}`], serial: `S${at}` }),
    );
    const found = (id: string) => matchOf({ devices: [aDevice(id)], enrolments }).enrolmentIds;
    expect([found('MAIL-7'), found('Secure-8'), found('applS9')]).toEqual([['E7'], ['E8'], ['E9']]);
    expect(matchOf({ devices: [aDevice('other')], enrolments })).toMatchObject({ kind: 'none', enrolmentIds: [] });
  });
});

describe('a user match', () => {
  test('by the Traveler name ignores case and abbreviation', () => {
    const enrolments = [anEnrolment('E', of('jane@acme.com', { travelerUser: 'cn=JANE DOE/o=Acme' }))];
    expect(matchOf({ enrolments })).toMatchObject({ kind: 'user', enrolmentIds: ['E'], portalUsers: ['jane@acme.com'] });
  });

  test('is learned from another device of the same user', () => {
    const enrolments = [anEnrolment('E1', { mailDeviceIds: ['ApplX'] }), anEnrolment('E2')];
    const verdicts = decide(aUser({ settings, devices: [aDevice('ApplX'), verse], enrolments }));
    expect(verdicts[1]).toMatchObject({ verdict: 'approve', match: { kind: 'user', enrolmentIds: ['E1', 'E2'] } });
  });

  test('is not learned from an ended enrolment where an enrolled one has the id', () => {
    const enrolments = [
      anEnrolment('old', { mailDeviceIds: ['ApplX'], status: 'Removed', ...of('jim@acme.com') }),
      anEnrolment('new', { mailDeviceIds: ['ApplX'] }),
    ];
    const verdicts = decide(aUser({ settings, devices: [aDevice('ApplX'), verse], enrolments }));
    expect(verdicts[1]).toMatchObject({ match: { kind: 'user', portalUsers: ['jane@acme.com'] } });
  });

  describe('by display name', () => {
    const enrolments = [anEnrolment('E', of('jane@acme.com', { name: 'jane doe' }))];

    test('counts where nobody else has that name', () => {
      expect(matchOf({ enrolments })).toMatchObject({ kind: 'user', portalUsers: ['jane@acme.com'] });
    });

    test.each([
      ['a second portal user', { portalUsers: ['JANE@acme.com', 'jane2@acme.com'], travelerUsers: ['Jane Doe/Acme'] }],
      ['a second Traveler user', { portalUsers: ['jane@acme.com'], travelerUsers: ['CN=Jane Doe/O=Acme', 'Jane Doe/Other'] }],
    ])('does not count where %s has it too', (_, sameName) => {
      expect(matchOf({ enrolments, sameName }).kind).toBe('none');
    });

    test('does not count where a second portal user shows only by its enrolment', () => {
      const second = anEnrolment('E2', of('jane2@acme.com', { name: 'Jane Doe' }));
      expect(matchOf({ enrolments: [...enrolments, second] }).kind).toBe('none');
    });
  });

  describe('by order of trust', () => {
    const named = anEnrolment('named', of('named@acme.com', { travelerUser: 'Jane Doe/Acme' }));
    const learned = anEnrolment('learned', { mailDeviceIds: ['ApplX'], ...of('learned@acme.com') });
    const sameName = anEnrolment('same-name', of('same-name@acme.com', { name: 'Jane Doe' }));
    const confirmed = anEnrolment('confirmed', of('Confirmed@acme.com'));
    const all = [sameName, learned, named, confirmed];
    const users = (deviation: Partial<DecideInput>) =>
      decide(aUser({ settings, devices: [verse, aDevice('ApplX')], enrolments: all, ...deviation }))[0]?.match.portalUsers;

    test('a link confirmed by a person decides over all others', () => {
      expect(users({ links: [aLink('confirmed', 'confirmed@acme.com')] })).toEqual(['confirmed@acme.com']);
    });
    test('then the Traveler name that the portal gives', () => expect(users({})).toEqual(['named@acme.com']));
    test('then what other devices showed', () =>
      expect(users({ enrolments: [sameName, learned] })).toEqual(['learned@acme.com']));
    test('then the display name', () => expect(users({ enrolments: [sameName] })).toEqual(['same-name@acme.com']));
  });

  test('with two portal users at the strongest level is ambiguous for Verse', () => {
    const enrolments = ['a@acme.com', 'b@acme.com'].map((email) =>
      anEnrolment(email, of(email, { travelerUser: 'Jane Doe/Acme' })),
    );
    const verdict = onlyVerdict(aUser({ settings, devices: [verse], enrolments }));
    expect(verdict).toMatchObject({
      verdict: 'undetermined',
      rule: 'ambiguous-match',
      match: { portalUsers: ['a@acme.com', 'b@acme.com'] },
    });
  });
});

describe('a link', () => {
  const named = anEnrolment('E', of('jane@acme.com', { travelerUser: 'Jane Doe/Acme' }));

  test('that a person removed excludes that portal user from the match', () => {
    expect(matchOf({ enrolments: [named], links: [aLink('undone', 'Jane@acme.com')] }).kind).toBe('none');
  });

  test('removed also ends what was learned from devices, the Verse device included', () => {
    const enrolments = [anEnrolment('E', { mailDeviceIds: ['HCL_IOS_1'] })];
    const input = aUser({ settings, devices: [verse], enrolments });
    expect(onlyVerdict(input).rule).toBe('verse-on-enrolled-device');
    expect(onlyVerdict({ ...input, links: [aLink('undone', 'jane@acme.com')] }).verdict).toBe('hold');
  });

  test('removed resolves an ambiguity', () => {
    const second = anEnrolment('E2', of('jim@acme.com', { travelerUser: 'Jane Doe/Acme' }));
    expect(matchOf({ enrolments: [named, second] }).kind).toBe('ambiguous');
    expect(matchOf({ enrolments: [named, second], links: [aLink('undone', 'jim@acme.com')] })).toMatchObject({
      kind: 'user',
      portalUsers: ['jane@acme.com'],
    });
  });

  test('can be made again: the newest statement on a portal user counts', () => {
    const links = [aLink('confirmed', 'jane@acme.com', now), aLink('undone', 'jane@acme.com', now - 1)];
    expect(matchOf({ enrolments: [anEnrolment('E')], links }).kind).toBe('user');
    expect(matchOf({ enrolments: [anEnrolment('E')], links: links.map((link) => ({ ...link, at: now })) }).kind).toBe('none');
  });
});
