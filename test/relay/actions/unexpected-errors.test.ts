/** An unexpected error is logged with its cause and without names, ends the work it occurred in, and shows in the status. */
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { JournalFailure } from '../../../relay/journal/action-journal.ts';
import { memoryJournal } from '../../../relay/journal/memory-journal.ts';
import { logLines } from '../log-lines.ts';
import { acting } from './acting.ts';

describe('an unexpected error', () => {
  const unexpected = () => new RangeError('of Jane Doe and ApplDX3', { cause: new TypeError('Jane again') });
  const logged = { error: 'RangeError', cause: { error: 'TypeError' }, at: expect.any(Array) };

  test('in an action is logged nameless, and a problem until one succeeds', async () => {
    const { log, lines, text } = logLines();
    const broken = { is: true };
    const { arrive, commandFor, carriedOut, relay } = await acting({
      log,
      source: (source) => ({ ...source, block: (target) => (broken.is ? Promise.reject(unexpected()) : source.block(target)) }),
    });
    const device = arrive('ApplDX3');
    expect(await carriedOut(commandFor(device, { what: 'block' }))).toMatchObject({
      how: 'unknown',
      problem: { kind: 'unknown' },
    });
    expect(lines).toMatchObject([{ level: 'error', actionId: 'action-1', attempt: 1, ...logged }]);
    expect(text()).not.toMatch(/Jane|ApplDX3/);
    expect(relay.problems()).toEqual([expect.stringContaining('RangeError')]);
    broken.is = false;
    expect(await carriedOut(commandFor(device, { what: 'block' }))).toMatchObject({ how: 'written' });
    expect(relay.problems()).toEqual([]);
  });

  test('in a read of a device is logged, too', async () => {
    const { log, lines } = logLines();
    const { arrive, commandFor, carriedOut, relay } = await acting({
      log,
      source: (source) => ({ ...source, read: () => Promise.reject(unexpected()) }),
    });
    expect(await carriedOut(commandFor(arrive('ApplDX3'), { what: 'block' }))).toMatchObject({ how: 'unread' });
    expect(lines).toMatchObject([{ level: 'error', ...logged }]);
    expect(relay.problems()).toContainEqual(expect.stringContaining('RangeError'));
  });

  test('in a delivery is logged and a problem; the next resume delivers', async () => {
    const { log, lines } = logLines();
    const broken = { is: true };
    const { arrive, commandFor, relay, cloud } = await acting({ log });
    const link: typeof cloud.link = {
      ...cloud.link,
      deliver: (...given) => (broken.is ? Promise.reject(unexpected()) : cloud.link.deliver(...given)),
    };
    await relay.act(commandFor(arrive('ApplDX3'), { what: 'block' }), link);
    await expect.poll(() => relay.problems()).toEqual([expect.stringContaining('RangeError')]);
    expect(lines).toMatchObject([
      { msg: 'the delivery of a result ended in an unexpected error', actionId: 'action-1', ...logged },
    ]);
    broken.is = false;
    await relay.resume(link);
    await expect.poll(() => cloud.results()).toHaveLength(1);
  });

  test('in the lookup of results is logged and a problem', async () => {
    const { log, lines } = logLines();
    const { relay, cloud } = await acting({
      log,
      journal: { ...memoryJournal(), unacknowledged: () => Promise.reject(unexpected()) },
    });
    await relay.resume(cloud.link);
    await expect.poll(() => relay.problems()).toHaveLength(1);
    expect(lines).toMatchObject([{ msg: 'the delivery of earlier results ended in an unexpected error', ...logged }]);
  });
});

test('a failing journal is logged once with its cause, despite retries', async () => {
  const { log, lines } = logLines();
  const full = { disk: true };
  const journal = memoryJournal();
  const failure = () => new JournalFailure('The disk is full.', { cause: Object.assign(new Error('full'), { errcode: 13 }) });
  const { arrive, commandFor, relay, cloud } = await acting({
    log,
    pause: (ms) => wait(Math.min(ms, 2)),
    journal: { ...journal, done: (...given) => (full.disk ? Promise.reject(failure()) : journal.done(...given)) },
  });
  const command = commandFor(arrive('ApplDX3'), { what: 'block' });
  await relay.act(command, cloud.link);
  await expect.poll(() => lines).toHaveLength(1);
  await wait(20);
  expect(lines).toMatchObject([{ level: 'error', actionId: 'action-1', error: 'JournalFailure', cause: { code: 13 } }]);
  full.disk = false;
  expect(await cloud.resultOf(command)).toMatchObject({ how: 'written' });
});
