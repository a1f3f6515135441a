/** `replay` as a program, on an exported journal. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aJournal, waiting } from '#test/fixtures/journal';
import { aDirectory } from '../emulator/lambda/functions.ts';

const run = promisify(execFile);
const noon = Date.UTC(2026, 2, 1, 12);
const hour = 3_600_000;
const jane = { user: 'Jane Doe/Acme', deviceId: 'ApplA' };

let folder: Awaited<ReturnType<typeof aDirectory>>;
beforeAll(async () => {
  folder = await aDirectory();
});
afterAll(() => folder.remove());

async function exported(): Promise<string> {
  const journal = aJournal();
  journal.source(noon, {});
  journal.discovered(noon + hour, jane, waiting);
  journal.verdict(noon + hour + 10, jane, 'hold', 'over-allowance');
  const file = join(folder.dir, 'journal.jsonl');
  await writeFile(
    file,
    journal
      .entries()
      .map((entry) => `${JSON.stringify(entry)}\n`)
      .join(''),
  );
  return file;
}
const extender = (...args: string[]) =>
  run(process.execPath, ['infra/cli/main.ts', 'replay', ...args]).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );

test('a past state is printed one device a line, and identically each time', async () => {
  const file = await exported();
  const args = ['--journal', file, '--at', '2026-03-01T14:00:00Z', '--json'];
  const [one, other] = await Promise.all([extender(...args), extender(...args)]);
  expect(JSON.parse(one.stdout)).toMatchObject({ ...jane, verdict: 'hold', recomputed: { rule: 'over-allowance' } });
  expect(other.stdout).toBe(one.stdout);
  const before = await extender('--journal', file, '--at', '2026-03-01T12:30:00Z', '--json');
  expect(before.stdout).toBe('');
});

test('other settings are replayed on the last days, as text and as JSON', async () => {
  const file = await exported();
  const settings = join(folder.dir, 'settings.json');
  await writeFile(settings, JSON.stringify({ requireApproval: 'on', devicesPerUser: 1 }));
  const args = ['--journal', file, '--settings', settings, '--days', '2'];
  const [words, json] = await Promise.all([extender(...args), extender(...args, '--json')]);
  expect(words.stdout).toContain('1 approvals and 0 blocks');
  expect(words.stdout).toContain('within-allowance');
  expect(JSON.parse(json.stdout)).toMatchObject({
    differs: [{ deviceId: 'ApplA', recorded: { verdict: 'hold' }, supposed: { verdict: 'approve', rule: 'within-allowance' } }],
  });
});

test('what cannot be replayed is reported in a sentence, with the place', async () => {
  const file = join(folder.dir, 'broken.jsonl');
  await writeFile(file, '\n{"seq": 1}\n');
  const broken = await extender('--journal', file, '--at', '2026-03-01T12:00:00Z');
  expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining(`${file} line 2`) });
  expect(await extender('--journal', file)).toMatchObject({ code: 1, stderr: expect.stringContaining('either --at') });
  expect((await extender('--journal', `${file}.none`, '--at', '2026-03-01T12:00:00Z')).stderr).toContain('cannot be read');
});
