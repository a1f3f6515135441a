/** Only a file that does not exist counts as absent; every other read error says what to do. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { egressFromOptions } from '../../../relay/cli/egress-options.ts';
import { askStatus } from '../../../relay/cli/status.ts';
import { checkStore } from '../../../relay/doctor/probes/stored-files.ts';
import { isEnrolled, readIdentity } from '../../../relay/identity/identity.ts';
import { readRunning } from '../../../relay/run/running-file.ts';
import { AnotherRelayRuns, singleInstance } from '../../../relay/run/single-instance.ts';

let folder: string;
/** A path below a file: it can neither be read nor said not to exist. */
let blocked: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relay-files-'));
  writeFileSync(join(folder, 'file'), '');
  blocked = join(folder, 'file', 'below');
});

test('absent files are absent', async () => {
  expect(readRunning(folder)).toBeNull();
  expect(isEnrolled(folder)).toBe(false);
  expect(checkStore(join(folder, 'journal.db'))).toBe('absent');
  expect(() => readIdentity(folder)).toThrow('is not enrolled');
  await expect(askStatus(folder)).rejects.toThrow('No relay runs');
});

test.each<[string, (dataDir: string) => unknown]>([
  ['the running relay', (dataDir) => readRunning(dataDir)],
  ['whether a relay is enrolled', (dataDir) => isEnrolled(dataDir)],
  ['the identity', (dataDir) => readIdentity(dataDir)],
  ['the configuration of the way out', (dataDir) => egressFromOptions(join(dataDir, 'relay.json'))],
])('%s cannot be read: an error with its code', (_, read) => {
  expect(() => read(blocked)).toThrow(/cannot be read \(ENOTDIR\)/);
});

test('a status that cannot be determined is not reported as not running', async () => {
  await expect(askStatus(blocked)).rejects.toThrow(/cannot be read \(ENOTDIR\)/);
  mkdirSync(join(folder, 'running.json'));
  await expect(askStatus(folder)).rejects.toThrow(/cannot be read \(EISDIR\)/);
});

test('a damaged running.json is reported as damaged', () => {
  writeFileSync(join(folder, 'running.json'), '{"pid":');
  expect(() => readRunning(folder)).toThrow('is damaged');
});

test('a store that cannot be examined is not reported as absent', () => {
  expect(checkStore(join(blocked, 'journal.db'))).toEqual({ unreadable: expect.stringContaining('ENOTDIR') });
});

test('only a held lock means that another relay runs', () => {
  const held = singleInstance(folder);
  expect(() => singleInstance(folder)).toThrow(AnotherRelayRuns);
  held.release();
  rmSync(join(folder, 'lock.sqlite'));
  mkdirSync(join(folder, 'lock.sqlite'));
  expect(() => singleInstance(folder)).toThrow(/lock\.sqlite cannot be locked \(SQLite 14\)/);
  expect(() => singleInstance(blocked)).toThrow(/cannot be locked \(E(NOTDIR|EXIST)\)/);
});

test('an unreadable running.json does not hide that another relay runs', () => {
  const held = singleInstance(folder);
  writeFileSync(join(folder, 'running.json'), '{');
  expect(() => singleInstance(folder)).toThrow(`Another relay runs on ${folder}.`);
  held.release();
});
