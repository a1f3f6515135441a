import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deviceDetail, listedDevice } from '#domain/devices/device';
import { parseFull, parseListed } from '#domain/gather/traveler-record';

const row = {
  username: 'Jane Doe/Acme',
  deviceid: 'ApplDX3F1234',
  device_provider: 'Apple iPhone',
  device_type: 'Apple-iPhone7C2/1403.92',
  device_level: '',
  notification_type: '8',
  last_sync_time: '1760000000000',
  href: '/api/traveler/devices/1',
};
const record = {
  ...row,
  approval_policy: '1',
  approval_date: '0',
  approver_ids: '',
  access_status: '0',
  policy_compliance: '4',
  wipe_types_supported: '1',
  requested_wipe_options: '',
  wipe_request_status: '0',
  wipe_action_date: '0',
  sms_address: '',
};
const detailOf = (changes: Record<string, unknown>) => parseFull({ ...record, ...changes })?.detail;

describe('a row of the list', () => {
  test('is parsed as the device it names, without detail', () => {
    expect(parseListed(row)).toEqual({
      user: 'Jane Doe/Acme',
      deviceId: 'ApplDX3F1234',
      provider: 'Apple iPhone',
      type: 'Apple-iPhone7C2/1403.92',
      level: '',
      notification: 'activesync',
      lastSync: 1_760_000_000_000,
      href: '/api/traveler/devices/1',
      detail: null,
    });
  });

  test('may have numbers as text, missing fields, or unknown fields', () => {
    const { device_provider, device_level, ...some } = row;
    expect(parseListed({ ...some, deviceid: 12345, device_type: 8.1, extra: { a: 1 } })).toMatchObject({
      deviceId: '12345',
      type: '8.1',
      provider: '',
      level: '',
    });
  });

  test.each(['0', '', 0, null, undefined, 'soon', '-5', Number.NaN, '9e99', true])(
    'a last sync of %j is never',
    (last_sync_time) => {
      expect(parseListed({ ...row, last_sync_time })?.lastSync).toBeNull();
    },
  );

  test.each([undefined, null, '', '   ', {}, [], true, 'a\u0000b', 'a\nb', '\ud800', 2 ** 60, 'x'.repeat(1_000)])(
    'a user or device id of %j is not a usable name',
    (name) => {
      expect(parseListed({ ...row, username: name })).toBeNull();
      expect(parseListed({ ...row, deviceid: name })).toBeNull();
    },
  );

  test.each([null, undefined, 'text', 7, [], [row]])('%j is not a row', (value) => {
    expect(parseListed(value)).toBeNull();
  });

  test('names of 256 characters are kept, whatever their alphabet', () => {
    for (const letter of ['x', 'é', '設']) expect(parseListed({ ...row, username: letter.repeat(256) })?.user).toHaveLength(256);
  });

  test('has its detail only when approval, access and wipe are all present', () => {
    const { requested_wipe_options, wipe_request_status, ...withoutWipe } = record;
    expect(parseListed(record)?.detail).toMatchObject({ approval: 'pending', access: 'allow', wipe: 'none' });
    expect(parseListed(withoutWipe)?.detail).toBeNull();
    expect(parseListed({ ...row, approval_policy: '2' })?.detail).toBeNull();
  });

  test('an unknown notification type is kept unchanged', () => {
    expect(parseListed({ ...row, notification_type: 77 })?.notification).toBe('77');
  });
});

describe('a full record', () => {
  test.each([
    ['0', 'unset'],
    [1, 'pending'],
    ['2', 'approved'],
    ['4', 'auto-approved'],
    [8, 'denied'],
    ['16', 'not-required'],
  ])('approval policy %j reads as %s', (approval_policy, approval) => {
    expect(detailOf({ approval_policy })?.approval).toBe(approval);
  });

  test.each(['3', 6, '02', ' 2', '', null, undefined, 'approved', 'constructor', '__proto__', {}, true])(
    'approval policy %j is unknown, never approved',
    (approval_policy) => {
      expect(detailOf({ approval_policy })?.approval).toBe('unknown');
    },
  );

  test('an unknown code is kept unchanged', () => {
    expect(detailOf({ approval_policy: 99, access_status: 'x' })).toMatchObject({
      approval: 'unknown',
      access: 'unknown',
      codes: { approval_policy: '99', access_status: 'x' },
    });
  });

  test.each([
    ['0', 'allow'],
    [1, 'deny'],
    ['2', 'prohibit'],
    ['3', 'unknown'],
  ])('access status %j reads as %s', (access_status, access) => {
    expect(detailOf({ access_status })?.access).toBe(access);
  });

  test.each([
    [{}, 'none'],
    [{ requested_wipe_options: null, wipe_request_status: '', wipe_action_date: '' }, 'none'],
    [{ requested_wipe_options: undefined, wipe_request_status: undefined }, 'none'],
    [{ requested_wipe_options: 'wipeDevice' }, 'requested'],
    [{ requested_wipe_options: 'anything' }, 'requested'],
    [{ requested_wipe_options: ['wipeDevice', 'wipeApps'] }, 'requested'],
    [{ requested_wipe_options: 'wipeDevice', wipe_action_date: '1760000000000' }, 'wiped'],
    [{ wipe_request_status: '3' }, 'unknown'],
  ])('with %j a wipe is %s', (changes, wipe) => {
    expect(detailOf(changes)?.wipe).toBe(wipe);
  });

  test('says who approved it and when, in any order of names', () => {
    const date = '1760000000000';
    expect(detailOf({ approver_ids: 'A/Acme; B/Acme', approval_date: date })).toMatchObject({
      approvers: ['A/Acme', 'B/Acme'],
      approvalDate: 1_760_000_000_000,
    });
    expect(detailOf({ approver_ids: ['A/Acme'] })?.approvers).toEqual(['A/Acme']);
  });
});

test('any server input is parsed to what we can store, or to nothing', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('0', '1', '2', '16', 'Jane Doe/Acme', ''),
  );
  const any = fc.record(Object.fromEntries(Object.keys(record).map((field) => [field, value])), { requiredKeys: [] });
  fc.assert(
    fc.property(any, (sent) => {
      const listed = parseListed(sent);
      if (listed) expect(listedDevice.parse(listed)).toEqual(listed);
      const full = parseFull(sent);
      if (full) expect(deviceDetail.parse(full.detail)).toEqual(full.detail);
      expect(full === null).toBe(listed === null);
    }),
    { numRuns: 2_000 },
  );
});
