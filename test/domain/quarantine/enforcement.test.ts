import { expect, test } from 'vitest';
import { baselineOf, effectiveEnforcement, isExisting } from '#domain/quarantine/enforcement';

test('the extender enforces where configured, or without server approval settings', () => {
  expect(effectiveEnforcement('server', { settingsAccess: 'writable' })).toBe('server');
  expect(effectiveEnforcement('server', { settingsAccess: 'unknown' })).toBe('server');
  expect(effectiveEnforcement('server', { settingsAccess: 'unavailable' })).toBe('extender');
  expect(effectiveEnforcement('extender', { settingsAccess: 'writable' })).toBe('extender');
});

test('a baseline is due before the first complete gather, in any mode', () => {
  for (const requireApproval of ['on', 'off', 'server'] as const)
    expect(baselineOf({ baselineRuns: [], aqInForce: true }, { requireApproval })).toBe('owed');
});

test('a baseline is due again while Auto-Quarantine is being switched on', () => {
  expect(baselineOf({ baselineRuns: ['run-1'], aqInForce: false }, { requireApproval: 'on' })).toBe('owed');
  expect(baselineOf({ baselineRuns: ['run-1'], aqInForce: true }, { requireApproval: 'on' })).toBe('recorded');
  expect(baselineOf({ baselineRuns: ['run-1'], aqInForce: false }, { requireApproval: 'server' })).toBe('recorded');
});

test('a device is existing once the run that recorded it is committed', () => {
  expect(isExisting({ baselineRun: 'run-1' }, { baselineRuns: ['run-1'] })).toBe(true);
  expect(isExisting({ baselineRun: 'run-2' }, { baselineRuns: ['run-1'] })).toBe(false);
  expect(isExisting({ baselineRun: null }, { baselineRuns: ['run-1'] })).toBe(false);
});
