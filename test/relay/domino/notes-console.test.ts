/** The command line of the shipped Notes script, with a program instead of PowerShell; the script itself runs on Windows only. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failureOf } from '#test/adapters/traveler/connected';
import { consoleLines } from '../../../relay/domino/console-lines.ts';
import { consoleWrites } from '../../../relay/domino/console-writes.ts';
import { notesConsole } from '../../../relay/domino/notes-console.ts';
import { notesCommand } from '../../../relay/notes/notes-command.ts';
import { standIn } from './stand-in.ts';

const target = { sourceId: 'hq', user: "Siân O'Brien $(x) %PATH%/R&D/Acme", deviceId: 'ApplDX3', href: '' };
const script = join(import.meta.dirname, '../../../relay/notes/traveler-notes.ps1');

test('verb, server and line are separate arguments, without a password', async () => {
  const program = standIn();
  const passwordFile = join(program.folder, 'password');
  writeFileSync(passwordFile, 'geheim');
  const console = notesConsole({ server: 'Mail01/Acme', powershell: program.program, passwordFile });
  await consoleWrites(console).wipe(target, ['device']);
  const line = `tell traveler security flagsAdd wipeDevice ApplDX3 ${target.user}`;
  expect(program.calls().map(({ argv }) => argv)).toEqual([
    [
      ...['-NoLogo', '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', script, 'console'],
      ...['-Server', 'Mail01/Acme', '-Line', line, '-PasswordFile', passwordFile],
    ],
  ]);
  expect(JSON.stringify(program.calls())).not.toContain('geheim');
});

test('the server’s output is classified like that of any console', async () => {
  const program = standIn('console.log("You are not authorized to use the remote console on this server.");');
  const console = notesConsole({ server: 'Mail01/Acme', powershell: program.program });
  expect(await failureOf(console.send('tell traveler delete ApplDX3 Jane Doe/Acme'))).toMatchObject({
    kind: 'denied',
    problem: { where: 'Notes client' },
  });
});

test('another script can be configured, and PowerShell comes from the system folder', () => {
  const command = notesCommand('console', { Server: 'Mail01/Acme' }, { script: 'D:\\relay\\notes.ps1' });
  expect(command[0]).toMatch(/WindowsPowerShell\\v1\.0\\powershell\.exe$/);
  expect(command).toContain('D:\\relay\\notes.ps1');
});

test('the script evaluates nothing, and accepts only lines that the relay builds', () => {
  const text = readFileSync(script, 'utf8');
  const code = text.replace(/<#[\s\S]*?#>/g, '').replace(/#.*$/gm, '');
  expect(code).not.toMatch(
    /Invoke-Expression|\biex\b|\[scriptblock\]|Invoke-Command|Start-Process|cmd\.exe|&\s*\$|\.Evaluate\(/i,
  );
  const pattern = /-cnotmatch '([^']+)'/.exec(code)?.[1]?.replace('\\A', '^').replace('\\z', '$') ?? '';
  const taken = new RegExp(pattern, 'u');
  for (const type of ['approve', 'block', 'remove', 'wipe', 'cancel-wipe'] as const) {
    const built = consoleLines(type, { ...target, unlock: true, lock: true, deny: true, targets: ['device', 'storage-card'] });
    if ('refused' in built) throw new Error(built.refused.what);
    for (const line of built.lines) expect(line).toMatch(taken);
  }
  for (const line of [
    'tell http quit',
    'tell traveler security flagsAdd wipeDevice * Jane Doe/Acme',
    'tell traveler security flagsAdd all ApplDX3 Jane Doe/Acme',
    'tell traveler delete ApplDX3 Jane Doe/Acme\ntell http quit',
    'tell traveler delete ApplDX3 "Jane"',
    'tell traveler delete ApplDX3',
    'load updall; tell traveler delete ApplDX3 Jane',
  ])
    expect(line).not.toMatch(taken);
});
