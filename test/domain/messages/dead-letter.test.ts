import { expect, test } from 'vitest';
import { accountOf, type Known, readDeadLetter } from '#domain/messages/dead-letter';

const letter = { kind: 'action', sourceId: 'cloud', user: 'Jane', deviceId: 'A', actionId: 'mine' };
const because = (action: Known['action']) =>
  accountOf(readDeadLetter('actions', JSON.stringify(letter)), { action, deviceKnown: true, sourceProblem: null }).because;

test('of an action under way its last step is told, and where the state says it all, no empty word follows', () => {
  const open = { isFinal: false, content: '' };
  expect(because({ ...open, state: 'waiting', note: 'The source does not answer.' })).toBe(
    'It is waiting, and its worker failed on it time and again. Last: The source does not answer.',
  );
  expect(because({ ...open, state: 'queued', note: '' })).toBe('It is queued, and its worker failed on it time and again.');
});
