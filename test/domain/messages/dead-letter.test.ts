import { expect, test } from 'vitest';
import { accountOf, type Known, readDeadLetter } from '#domain/messages/dead-letter';

const letter = { kind: 'action', sourceId: 'cloud', user: 'Jane', deviceId: 'A', actionId: 'mine' };
const because = (action: Known['action']) =>
  accountOf(readDeadLetter('actions', JSON.stringify(letter)), { action, deviceKnown: true, sourceProblem: null }).because;

test('an open action shows its last step; others add no empty word', () => {
  const open = { isFinal: false, content: '' };
  expect(because({ ...open, state: 'waiting', note: 'The source does not answer.' })).toBe(
    'It is waiting, and its worker failed on it time and again. Last: The source does not answer.',
  );
  expect(because({ ...open, state: 'queued', note: '' })).toBe('It is queued, and its worker failed on it time and again.');
});
