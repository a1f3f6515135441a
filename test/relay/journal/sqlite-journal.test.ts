/** What happens to machines: killed processes, torn files, full disks, two relays on one directory. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { JournalFailure } from '../../../relay/journal/action-journal.ts';
import { type JournalOptions, sqliteJournal } from '../../../relay/journal/sqlite-journal.ts';
import { aCommand, aDetail } from '../actions/commands.ts';

let folder: string;
const file = () => join(folder, 'actions.db');
const block = (actionId: string) => aCommand({ what: 'block', actionId });
const writer = join(import.meta.dirname, 'writer-process.ts');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

function opened(at = file(), options: JournalOptions = {}) {
  const journal = sqliteJournal(at, options);
  onTestFinished(() => journal.close());
  return journal;
}

test('what it has acknowledged survives kill -9 at any moment', async () => {
  let known = 0;
  for (let round = 0; round < 12; round++) {
    const child: ChildProcess = fork(writer, [file(), String(known)], { stdio: 'inherit' });
    let acknowledged = known;
    child.on('message', (n) => {
      acknowledged = Number(n);
    });
    await once(child, 'message');
    setTimeout(() => child.kill('SIGKILL'), 3 + round * 7);
    await once(child, 'exit');
    const journal = sqliteJournal(file());
    const found = await journal.open();
    await journal.close();
    expect(found.length, `round ${round}`).toBeGreaterThanOrEqual(acknowledged);
    expect(found.map(({ command }) => command.actionId)).toEqual(found.map((_, n) => `action ${n}`));
    known = found.length;
  }
  expect(known).toBeGreaterThan(12);
}, 60_000);

test('a log torn at any byte loses only its end', async () => {
  const journal = sqliteJournal(file());
  for (let n = 0; n < 4; n++) await journal.received(block(`action ${n}`), n);
  await journal.started(block('action 0'), { before: aDetail(), at: 5 });
  const whole = readFileSync(`${file()}-wal`);
  const base = readFileSync(file());
  await journal.close();
  const lengths = new Set<number>();
  const torn = join(folder, 'torn.db');
  // A frame of the log is a header of 24 bytes and a page; before the first frame there is a header of 32.
  const frames = Array.from({ length: Math.floor((whole.length - 32) / 4120) + 1 }, (_, n) => 32 + n * 4120);
  const cuts = [0, 1, 31, ...frames.flatMap((at) => [at, at + 1, at + 24, at + 2000, at + 4119])];
  for (const bytes of cuts.filter((at) => at <= whole.length)) {
    writeFileSync(torn, base);
    writeFileSync(`${torn}-wal`, whole.subarray(0, bytes));
    const left = sqliteJournal(torn);
    const found = await left.open();
    await left.close();
    expect(found.map(({ command }) => command.actionId)).toEqual(found.map((_, n) => `action ${n}`));
    lengths.add(found.length);
  }
  expect([...lengths].sort()).toEqual([0, 1, 2, 3, 4]);
}, 60_000);

test('on a full disk nothing is half stored, and it recovers', async () => {
  const journal = sqliteJournal(file(), { maxPages: 12 });
  const failures: unknown[] = [];
  const kept: string[] = [];
  for (let n = 0; n < 300; n++)
    await journal.received(block(`action ${n}`), n).then(
      () => kept.push(`action ${n}`),
      (error: unknown) => failures.push(error),
    );
  expect(failures.length).toBeGreaterThan(0);
  for (const failure of failures)
    expect(failure).toMatchObject({ name: 'JournalFailure', message: expect.stringContaining('disk is full') });
  expect((await journal.open()).map(({ command }) => command.actionId)).toEqual(kept);
  await journal.close();
  const roomy = opened();
  await roomy.received(block('later'), 1);
  expect((await roomy.open()).map(({ command }) => command.actionId)).toEqual([...kept, 'later']);
});

test('a second relay on the same directory is rejected with a remedy', async () => {
  const child = fork(writer, [file(), '0'], { stdio: 'inherit' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  expect(() => sqliteJournal(file(), { lockWaitMs: 50 })).toThrow(/Another relay works with the same data directory/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  opened();
});

test('only the account of the relay can read it', () => {
  opened();
  for (const name of [file(), `${file()}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600);
});

test.each([
  ['what is no journal', () => writeFileSync(file(), 'Dear diary, '.repeat(1000)), /no journal/],
  ['a directory that is not there', () => rmSync(folder, { recursive: true }), /directory|missing/],
])('%s is described, with what to do', (_, damage, says) => {
  damage();
  expect(() => sqliteJournal(file())).toThrow(JournalFailure);
  expect(() => sqliteJournal(file())).toThrow(says);
});

test('a journal written by a newer relay is left unchanged', async () => {
  const { DatabaseSync } = await import('node:sqlite');
  const newer = new DatabaseSync(file());
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  expect(() => sqliteJournal(file())).toThrow(/newer relay/);
});

test('it stays small: the space of dropped entries is reused', async () => {
  const journal = opened(file(), { retention: { forMs: 1e12, entries: 200 } });
  const outcome = { how: 'already', before: aDetail() } as const;
  const size = async (from: number, count: number) => {
    for (let n = from; n < from + count; n += 10)
      await Promise.all(
        Array.from({ length: 10 }, async (_, more) => {
          const one = block(`action ${n + more}`);
          await journal.received(one, n);
          await journal.done(one, { outcome, took: { toWrite: null, total: 1 }, at: n });
          await journal.acknowledged(one, n);
        }),
      );
    return statSync(file()).size + statSync(`${file()}-wal`).size;
  };
  const early = await size(0, 1500);
  const late = await size(1500, 1500);
  expect(late).toBeLessThan(early * 1.2 + 100_000);
}, 60_000);
