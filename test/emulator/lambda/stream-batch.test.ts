/** What happens to a batch of a stream after each answer: retried from the first failed record, halved, or dropped. */
import { expect, test } from 'vitest';
import { afterAnswer, type BatchEffect, type BatchLimits, newBatch, toSend } from '#infra/emulator/lambda/stream-batch';

const records = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ sequenceNumber: String(index + 1), createdAt: 0 }));
const endless: BatchLimits = { bisects: true, retryAttempts: -1, maximumAgeSeconds: -1 };

/** Runs a batch to its end: what was sent each time, and the effects, as `what:detail`. */
function run(count: number, { answer, limits = endless, now = 0 }: Given) {
  const sent: string[] = [];
  const effects: string[] = [];
  let batch = newBatch(records(count));
  for (let turn = 0; toSend(batch).length > 0 && turn < 40; turn++) {
    const ids = toSend(batch).map(({ sequenceNumber }) => sequenceNumber);
    sent.push(ids.join(' '));
    const step = afterAnswer(batch, answer(ids, turn), { limits, now });
    batch = step.batch;
    effects.push(...step.effects.map(wordsOf));
  }
  return { sent, effects, left: batch.waiting.length };
}
type Given = { answer: (ids: string[], turn: number) => number | null; limits?: BatchLimits; now?: number };
type Record = ReturnType<typeof records>[number];

function wordsOf(effect: BatchEffect<Record>): string {
  if (effect.kind === 'checkpoint') return `checkpoint:${effect.sequenceNumber}`;
  if (effect.kind === 'wait') return `wait:${effect.ms}`;
  return `drop:${effect.records.map(({ sequenceNumber }) => sequenceNumber).join(' ')}`;
}

test('a batch that succeeds is one call and one checkpoint', () => {
  expect(run(3, { answer: () => null })).toEqual({ sent: ['1 2 3'], effects: ['checkpoint:3'], left: 0 });
});

test('failures are retried from the first failed record, with longer waits, without halving', () => {
  const { sent, effects } = run(4, {
    answer: (_, turn) => (turn === 0 ? 2 : turn < 3 ? 0 : null),
    limits: { ...endless, bisects: false },
  });
  expect(sent).toEqual(['1 2 3 4', '3 4', '3 4', '3 4']);
  expect(effects).toEqual(['checkpoint:2', 'wait:200', 'wait:400', 'wait:800', 'checkpoint:4']);
});

test('waits grow up to ten seconds', () => {
  const { effects } = run(1, { answer: () => 0 });
  expect(effects.slice(0, 8)).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000].map((ms) => `wait:${ms}`));
});

test('a failing batch is halved to the failing record, and whole again after it', () => {
  const limits = { ...endless, retryAttempts: 1 };
  const { sent, effects, left } = run(4, { answer: (ids) => (ids.includes('2') ? 0 : null), limits });
  expect(sent).toEqual(['1 2 3 4', '1 2', '1', '2 3 4', '2', '3', '4']);
  expect(effects).toContain('drop:2');
  expect(effects.slice(effects.indexOf('drop:2') + 1)).toEqual(['checkpoint:2', 'checkpoint:3', 'checkpoint:4']);
  expect(left).toBe(0);
});

test('without halving the whole rest is dropped after its attempts', () => {
  const limits = { bisects: false, retryAttempts: 2, maximumAgeSeconds: -1 };
  const { sent, effects } = run(3, { answer: (_, turn) => (turn === 0 ? 1 : 0), limits });
  expect(sent).toEqual(['1 2 3', '2 3', '2 3']);
  expect(effects).toEqual(['checkpoint:1', 'wait:200', 'wait:400', 'drop:2 3', 'checkpoint:3']);
});

test('a record past its maximum age is dropped at its first failure', () => {
  const limits = { ...endless, bisects: false, maximumAgeSeconds: 60 };
  expect(run(1, { answer: () => 0, limits, now: 61_000 }).effects).toEqual(['drop:1', 'checkpoint:1']);
  expect(run(1, { answer: (_, turn) => (turn ? null : 0), limits, now: 60_000 }).effects).toEqual(['wait:200', 'checkpoint:1']);
});
