/** What an administrator reads of an action that expired: what prevented it, and what to do. */
import { expect, test } from 'vitest';
import { deadlinePassed } from '#domain/actions/expiry';

const step = (state: 'requested' | 'queued' | 'waiting' | 'dispatched', at: number, note = '') => ({ state, at, note });
const unreachable =
  'The server refuses connections (http://traveler:80 device record). It is tried again by itself. If this lasts, check that the server runs.';

test.each([
  ['that came in too late', [step('requested', 100)], undefined, /had passed when it came in.*Ask again with a later one/],
  ['whose turn never came', [step('requested', 1), step('queued', 2, 'sent')], undefined, /before its turn came.*Ask again/],
  [
    'whose source was unreachable',
    [
      step('requested', 1),
      step('waiting', 2, 'another wait'),
      step('waiting', 3, unreachable),
      step('dispatched', 4, 'Claimed.'),
    ],
    undefined,
    /What kept it: The server refuses connections \(http:\/\/traveler:80 device record\)\. See to that, and ask again/,
  ],
  [
    'that nobody confirmed',
    [step('requested', 1), step('waiting', 2, 'More than 10 wipes')],
    { askedAt: 2, confirmedBy: null, confirmedAt: null },
    /waited for a second call that confirms it.*Ask again/,
  ],
])('an action %s says so', (_, history, confirmation, says) => {
  const said = deadlinePassed({ expiresAt: 100, history, ...(confirmation ? { confirmation } : {}) });
  expect(said).toMatch(says);
  expect(said).not.toContain('tried again by itself');
});
