import { describe, expect, test } from 'vitest';
import type { Device, DeviceDetail, ListedDevice } from '#domain/devices/device';
import { type Look, type ObservationContext, observe } from '#domain/gather/observe-device';
import { isBaselineOwed, isExisting } from '#domain/quarantine/enforcement';

const row: ListedDevice = {
  ...{ user: 'Jane Doe/Acme', deviceId: 'ApplA', provider: 'Apple', type: 'Apple/1', level: '', notification: 'activesync' },
  ...{ lastSync: 1, href: '/a', detail: null },
};
const detail: DeviceDetail = {
  ...{ approval: 'not-required', access: 'allow', wipe: 'none', wipeTypes: '', compliance: 'compliant' },
  ...{ approvalDate: null, approvers: [], wipeDate: null, codes: {} },
};
const unread: Look = { row, full: null, unread: true, rollUp: false };
const read = (deviation: Partial<DeviceDetail> = {}): Look => ({
  row,
  full: { detail: { ...detail, ...deviation }, askedAt: 200 },
  rollUp: false,
});
const recording: ObservationContext = { sourceId: 'hq', runId: 'r1', at: 100, baseline: 'r1', baselineRuns: [] };
const later: ObservationContext = { sourceId: 'hq', runId: 'r2', at: 200, baseline: null, baselineRuns: ['r1'] };
const committed = { baselineRuns: ['r1'] };
const undecidedDevice = (): Device => observe(null, unread, recording).device;

describe('a record that cannot be read when existing devices are recorded', () => {
  test('is neither existing nor new until it can be read', () => {
    expect(isExisting(undecidedDevice(), committed)).toBe(false);
    expect(isBaselineOwed(undecidedDevice(), committed)).toBe(true);
    const stillUnread = observe(undecidedDevice(), unread, later);
    expect(stillUnread).toMatchObject({ same: true, device: { baselineOwed: 'r1' } });
  });

  test('is not undecided while the recording run is not committed', () => {
    expect(isBaselineOwed(undecidedDevice(), { baselineRuns: [] })).toBe(false);
  });

  test('makes the device existing where its first readable record shows it connected', () => {
    const { device, decides } = observe(undecidedDevice(), read(), later);
    expect(isExisting(device, committed)).toBe(true);
    expect(isBaselineOwed(device, committed)).toBe(false);
    expect(decides).toBe(true);
  });

  test.each([{ approval: 'pending' }, { approval: 'denied' }, { access: 'deny' }] as const)(
    'makes it a new one where that record shows %o',
    (shown) => {
      const { device, decides } = observe(undecidedDevice(), read(shown), later);
      expect(isExisting(device, committed)).toBe(false);
      expect(isBaselineOwed(device, committed)).toBe(false);
      expect(decides).toBe(true);
      // It was decided: a later approval does not make it an existing device.
      const granted = { ...read(), full: { detail, askedAt: 300 } };
      expect(isExisting(observe(device, granted, { ...later, at: 300 }).device, committed)).toBe(false);
    },
  );

  test('is decided by the next gather that can read it', () => {
    const { device } = observe(undecidedDevice(), read(), { ...recording, runId: 'r2', at: 200, baseline: 'r2' });
    expect(device).toMatchObject({ baselineRun: 'r2', baselineOwed: null });
  });

  test('is forgotten with its registration', () => {
    const removed: Device = { ...undecidedDevice(), presence: 'removed' };
    const { device } = observe(removed, unread, later);
    expect(isBaselineOwed(device, committed)).toBe(false);
  });
});

test('a row whose full record was not requested keeps the earlier decision', () => {
  const waiting = observe(null, read({ approval: 'pending' }), recording).device;
  const repeated = observe(waiting, { row: { ...row, level: '2' }, full: null, rollUp: false }, recording).device;
  expect(isBaselineOwed(repeated, committed)).toBe(false);
  expect(isExisting(repeated, committed)).toBe(false);
});

describe('a baseline that is committed in the gather that completes its switch-on', () => {
  const repeating: ObservationContext = { ...recording, runId: 'r2', at: 200, baselineRuns: ['r1'], baselineRepeated: true };
  const waiting = (): Device => observe(null, read({ approval: 'pending', access: 'deny' }), recording).device;
  const approvedSince: Look = {
    ...read({ approval: 'approved' }),
    full: { detail: { ...detail, approval: 'approved' }, askedAt: 300 },
  };

  test('a device that waited then and was approved since is not existing', () => {
    expect(isExisting(observe(waiting(), approvedSince, repeating).device, committed)).toBe(false);
  });

  test('a device that appeared since, or is listed again, is recorded', () => {
    expect(isExisting(observe(null, read(), repeating).device, committed)).toBe(true);
    const away: Device = { ...waiting(), presence: 'missing' };
    expect(isExisting(observe(away, approvedSince, repeating).device, committed)).toBe(true);
  });

  test('a switch-on under other settings records again', () => {
    const freshBaseline = { ...repeating, baselineRepeated: false };
    expect(isExisting(observe(waiting(), approvedSince, freshBaseline).device, committed)).toBe(true);
  });
});
