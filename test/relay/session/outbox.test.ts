import { beforeEach, describe, expect, test } from 'vitest';
import { createOutbox, type Outbox } from '../../../relay/session/outbox.ts';

let sent: string[];
let at: number;
let outbox: Outbox;
let resent: number;
beforeEach(() => {
  [sent, at, resent] = [[], 0, 0];
  outbox = createOutbox({
    send: (socket, text) => void sent.push(`${socket}:${text}`),
    resendMs: 100,
    window: 3,
    limit: 5,
    now: () => at,
    resent: () => {
      resent += 1;
    },
  });
});
const add = (...ns: number[]) => ns.map((n) => outbox.add(n, `m${n}`));

test('waits for a connection, then sends a few messages at once, in order', async () => {
  const added = add(1, 2, 3, 4);
  expect(sent).toEqual([]);
  outbox.route(7);
  expect(sent).toEqual(['7:m1', '7:m2', '7:m3']);
  outbox.acknowledge([2]);
  expect(sent.at(-1)).toBe('7:m4');
  await added[1];
  outbox.acknowledge([1, 3, 4]);
  await Promise.all(added);
  expect(outbox.size).toBe(0);
  expect(resent).toBe(0);
});

test('redelivers messages in transit over each new connection, with the same number', () => {
  add(1, 2);
  outbox.route(1);
  outbox.route(null);
  outbox.route(2);
  expect(sent).toEqual(['1:m1', '1:m2', '2:m1', '2:m2']);
  expect(resent).toBe(2);
});

test('waits on the old connection for its acknowledgements, until it is abandoned', () => {
  add(1);
  outbox.route(1);
  outbox.route(2, 1);
  add(2);
  expect(sent).toEqual(['1:m1', '2:m2']);
  expect(outbox.unacknowledgedOver(1)).toBe(1);
  outbox.abandon(1);
  expect(sent.at(-1)).toBe('2:m1');
  expect(outbox.unacknowledgedOver(1)).toBe(0);
});

test('redelivers over the same connection after a while, with backoff', () => {
  add(1);
  outbox.route(1);
  const times: number[] = [];
  for (at = 0; at < 4_000; at += 10) {
    const before = sent.length;
    outbox.redeliverOverdue();
    if (sent.length > before) times.push(at);
  }
  expect(times.slice(0, 5)).toEqual([100, 300, 700, 1_500, 2_300]);
});

test('a duplicate or unknown acknowledgement changes nothing', async () => {
  const [added] = add(1);
  outbox.route(1);
  outbox.acknowledge([1, 99]);
  outbox.acknowledge([1]);
  await added;
  expect(outbox.size).toBe(0);
});

describe('an aborted message', () => {
  test('is not sent any more, and makes room', async () => {
    const given = new AbortController();
    const added = outbox.add(1, 'm1', given.signal);
    add(2, 3, 4);
    outbox.route(1);
    given.abort(new Error('a newer gather'));
    await expect(added).rejects.toThrow('a newer gather');
    expect(sent).toEqual(['1:m1', '1:m2', '1:m3', '1:m4']);
    outbox.route(2);
    expect(sent.slice(4)).toEqual(['2:m2', '2:m3', '2:m4']);
  });

  test('that was aborted beforehand is never sent', async () => {
    outbox.route(1);
    await expect(outbox.add(1, 'm1', AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(sent).toEqual([]);
  });
});

test('rejects more than a caller may add without waiting', async () => {
  add(1, 2, 3, 4, 5);
  await expect(outbox.add(6, 'm6')).rejects.toThrow(/5 messages wait/);
});
