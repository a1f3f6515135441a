import { expect, test } from 'vitest';
import { closeCodes } from '#domain/relay/relay-protocol';
import { closed, cures, refusal } from '../../../relay/connection/close-policy.ts';

test.each([
  [closeCodes.reconnectNow, 'restarting', 'now'],
  [closeCodes.reconnectLater, 'busy', 'later'],
  [closeCodes.enrolAgain, 'enrol-again', 'slow'],
  [closeCodes.tooOld, 'too-old', 'slow'],
  [1009, 'too-large', 'later'],
  [1000, 'cut', 'soon'],
  [1001, 'cut', 'soon'],
  [1006, 'cut', 'soon'],
  [4999, 'cut', 'soon'],
])('close code %i means %s: try again %s', (code, why, pace) => {
  expect(closed(code)).toEqual({ why, pace });
});

test.each([
  [401, 'refused', 'slow'],
  [403, 'refused', 'slow'],
  [429, 'unreachable', 'soon'],
  [500, 'unreachable', 'soon'],
  [200, 'unreachable', 'soon'],
  [null, 'unreachable', 'soon'],
])('a handshake answered with %s is %s: try again %s', (status, why, pace) => {
  expect(refusal({ status, detail: 'as told' })).toEqual({ why, pace, detail: 'as told' });
});

test('each ending that needs a person says what to do', () => {
  for (const why of ['unreachable', 'refused', 'unwelcome', 'enrol-again', 'too-old', 'wrong-cloud', 'too-large'] as const)
    expect(cures[why]).toMatch(/\w{3,}/);
});
