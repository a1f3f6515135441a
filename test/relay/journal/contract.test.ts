/** What every journal guarantees, on disk or not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ActionJournal, Retention } from '../../../relay/journal/action-journal.ts';
import { JournalFailure } from '../../../relay/journal/action-journal.ts';
import { memoryJournal } from '../../../relay/journal/memory-journal.ts';
import { sqliteJournal } from '../../../relay/journal/sqlite-journal.ts';
import { aCommand, aDetail } from '../actions/commands.ts';

type Options = { retention?: Retention };
const journals: [string, (options?: Options) => ActionJournal][] = [
  ['in memory', (options) => memoryJournal(options)],
  [
    'on disk',
    (options) => {
      const folder = mkdtempSync(join(tmpdir(), 'journal-'));
      const journal = sqliteJournal(join(folder, 'actions.db'), options);
      onTestFinished(async () => {
        await journal.close();
        rmSync(folder, { recursive: true });
      });
      return journal;
    },
  ],
];

const before = aDetail();
const took = { toWrite: 3, total: 9 };
const written = { outcome: { how: 'written', before, after: aDetail({ approval: 'approved' }) } as const, took, at: 30 };
const block = (actionId: string, attempt = 1) => aCommand({ what: 'block', actionId, attempt });

describe.each(journals)('the journal %s', (_, open) => {
  test('records an attempt from its arrival to the acknowledged result', async () => {
    const journal = open();
    const command = aCommand({ what: 'wipe', actionId: 'a', wipeFence: { href: '/x', approval: null }, wipeTargets: ['apps'] });
    const untouched = { startedAt: null, before: null, writtenAt: null, done: null, toldAt: null };
    expect(await journal.received(command, 10)).toEqual({ command, receivedAt: 10, ...untouched });
    await journal.started(command, { before, at: 20 });
    await journal.written(command, 25);
    expect(await journal.open()).toEqual([{ command, receivedAt: 10, ...untouched, startedAt: 20, before, writtenAt: 25 }]);
    await journal.done(command, written);
    expect(await journal.open()).toEqual([]);
    const done = { command, receivedAt: 10, startedAt: 20, before, writtenAt: 25, done: written, toldAt: null };
    expect(await journal.unacknowledged({ limit: 10, after: null })).toEqual([done]);
    await journal.acknowledged(command, 40);
    expect(await journal.unacknowledged({ limit: 10, after: null })).toEqual([]);
    expect(await journal.attemptsOf('a')).toEqual([{ ...done, toldAt: 40 }]);
  });

  test('each step is recorded once, but a write may start again', async () => {
    const journal = open();
    await journal.received(block('a'), 10);
    await journal.started(block('a'), { before, at: 20 });
    await journal.started(block('a'), { before: aDetail({ access: 'deny' }), at: 21 });
    await journal.written(block('a'), 25);
    await journal.written(block('a'), 26);
    await journal.done(block('a'), written);
    await journal.done(block('a'), { outcome: { how: 'expired' }, took, at: 31 });
    await journal.acknowledged(block('a'), 40);
    await journal.acknowledged(block('a'), 41);
    expect(await journal.received({ ...block('a'), what: 'approve', fence: 9 }, 50)).toEqual({
      command: block('a'),
      receivedAt: 10,
      startedAt: 21,
      before,
      writtenAt: 25,
      done: written,
      toldAt: 40,
    });
    expect(await journal.size()).toBe(1);
  });

  test('attempts at one action are separate entries, by their number', async () => {
    const journal = open();
    for (const attempt of [2, 10, 1]) await journal.received(block('a', attempt), attempt);
    await journal.received(block('b', 3), 4);
    expect((await journal.attemptsOf('a')).map(({ command }) => command.attempt)).toEqual([1, 2, 10]);
    expect(await journal.attemptsOf('c')).toEqual([]);
  });

  test('open and unacknowledged entries are in order of arrival, and paged', async () => {
    const journal = open();
    const names = ['d', 'a', 'c', 'b', 'e'];
    await Promise.all(names.map((name, at) => journal.received(block(name), at)));
    expect((await journal.open()).map(({ command }) => command.actionId)).toEqual(names);
    await Promise.all(['e', 'd', 'c', 'b'].map((name) => journal.done(block(name), written)));
    await journal.acknowledged(block('c'), 50);
    const first = await journal.unacknowledged({ limit: 2, after: null });
    expect(first.map(({ command }) => command.actionId)).toEqual(['d', 'b']);
    const rest = await journal.unacknowledged({ limit: 2, after: block('b') });
    expect(rest.map(({ command }) => command.actionId)).toEqual(['e']);
    expect(await journal.unacknowledged({ limit: 2, after: block('e') })).toEqual([]);
  });

  test('a step of an attempt that was never received is rejected', async () => {
    const journal = open();
    await expect(journal.started(block('a'), { before, at: 1 })).rejects.toThrow(JournalFailure);
    await expect(journal.acknowledged(block('a'), 1)).rejects.toThrow(JournalFailure);
    expect(await journal.size()).toBe(0);
  });

  test('drops old acknowledged entries, and nothing else', async () => {
    const journal = open({ retention: { forMs: 100, entries: 1000 } });
    for (const name of ['told', 'untold', 'open']) await journal.received(block(name), 0);
    await journal.done(block('told'), written);
    await journal.done(block('untold'), written);
    await journal.acknowledged(block('told'), 50);
    const later = (from: number, at: number) =>
      Promise.all(Array.from({ length: 200 }, (_, n) => journal.received(block(`later ${from + n}`), at)));
    await later(0, 149);
    expect(await journal.attemptsOf('told')).toHaveLength(1);
    await later(200, 150);
    expect(await journal.attemptsOf('told')).toHaveLength(0);
    expect(await journal.attemptsOf('untold')).toHaveLength(1);
    expect(await journal.attemptsOf('open')).toHaveLength(1);
  });

  test('keeps a limited number of acknowledged entries, and every other one', async () => {
    const journal = open({ retention: { forMs: 1e9, entries: 50 } });
    await Promise.all(Array.from({ length: 60 }, (_, n) => journal.received(block(`open ${n}`), n)));
    for (let n = 0; n < 400; n += 20)
      await Promise.all(
        Array.from({ length: 20 }, async (_, more) => {
          await journal.received(block(`told ${n + more}`), 100 + n);
          await journal.done(block(`told ${n + more}`), written);
          await journal.acknowledged(block(`told ${n + more}`), 200 + n);
        }),
      );
    await journal.received(block('last'), 900);
    expect(await journal.open()).toHaveLength(61);
    expect(await journal.size()).toBeLessThan(61 + 50 + 200);
  });
});
