/** Files kept between starts: only a file that does not exist counts as absent. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { readReadyFile } from '#infra/cli/ready-file';
import { readDeployedConfiguration } from '#infra/cloud/deployed-configuration';
import { localIssuer } from '#infra/emulator/http-api/issuer';
import { openCheckpoints } from '#infra/emulator/lambda/checkpoints';
import { endLeftBehind } from '#infra/emulator/services/left-behind';
import { nextRestart } from '#infra/emulator/services/restarts';
import { openSecrets } from '#infra/emulator/services/secrets';
import { StartError } from '#infra/emulator/start-error';
import { readStored, replaceStored } from '#infra/emulator/stored-file';
import { isAbandoned, openDataDirectory } from '#infra/local/data-directory';
import { startDemoServer } from '#infra/local/demo/demo-server';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stored-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const numbers = { schema: z.array(z.number()), holds: 'numbers', remedy: 'they begin at 0.' };

test('an absent file is null; an existing one is replaced as a whole', async () => {
  const file = join(folder, 'numbers.json');
  expect(readStored(file, numbers)).toBeNull();
  await replaceStored(file, '[1]');
  expect(readStored(file, numbers)).toEqual([1]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('an unreadable or damaged file is named with a remedy, without its content', () => {
  const unreadable = join(folder, 'folder.json');
  mkdirSync(unreadable);
  expect(() => readStored(unreadable, numbers)).toThrow(`${unreadable} (numbers) cannot be read: it is a folder (EISDIR).`);
  const damaged = join(folder, 'damaged.json');
  writeFileSync(damaged, '["Geheim-4711"');
  expect(() => readStored(damaged, numbers)).toThrow(StartError);
  expect(() => readStored(damaged, numbers)).toThrow('Restore it, or remove it: they begin at 0.');
  expect(() => readStored(damaged, numbers)).not.toThrow('Geheim');
});

/** Each reader of a file of the data folder, with the file's name. */
const readers: [what: string, file: string, read: (dir: string) => unknown][] = [
  ['secrets', 'secrets.json', (dir) => openSecrets(dir, [])],
  ['the issuer key', 'issuer.json', (dir) => localIssuer(dir)],
  ['checkpoints', 'Stream.json', (dir) => openCheckpoints(join(dir, 'Stream.json'))],
  ['the demo server', 'demo-server.json', (dir) => startDemoServer(dir)],
  ['the process id of DynamoDB', 'dynoxide.pid', (dir) => endLeftBehind(join(dir, 'dynoxide.pid'), join(dir, 'db'))],
];

test.each(readers)('%s: a file that cannot be read is an error that names it', async (_, file, read) => {
  mkdirSync(join(folder, file));
  const error = await Promise.try(read, folder).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StartError);
  expect(String(error)).toContain(join(folder, file));
});

test.each(readers.slice(0, 4))('%s: a damaged file is an error that names it, and stays unchanged', async (_, file, read) => {
  writeFileSync(join(folder, file), '{"half":');
  const error = await Promise.try(read, folder).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StartError);
  expect(String(error)).toContain(join(folder, file));
  expect(readFileSync(join(folder, file), 'utf8')).toBe('{"half":');
});

test('an unreadable ready file is an error; another version counts as none', async () => {
  mkdirSync(join(folder, 'ready.json'));
  await expect(readReadyFile(join(folder, 'ready.json'))).rejects.toThrow(
    `${join(folder, 'ready.json')} cannot be read (EISDIR)`,
  );
  writeFileSync(join(folder, 'other.json'), '{"version":2}');
  expect(await readReadyFile(join(folder, 'other.json'))).toBeNull();
});

test('an unreadable deployment configuration is not called invalid JSON', () => {
  expect(() => readDeployedConfiguration(folder)).toThrow(`The configuration file ${folder} cannot be read (EISDIR)`);
  expect(() => readDeployedConfiguration(join(folder, 'none.json'))).toThrow('There is no configuration file at');
});

test('a data folder that cannot be created says why', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(openDataDirectory(file)).rejects.toThrow(
    `The data folder ${file} cannot be used: a file of this name is in its place`,
  );
  await expect(openDataDirectory(join(file, 'data'))).rejects.toThrow('a file is in its path (ENOTDIR)');
});

test('a lock is stale only when nothing listens on it', async () => {
  expect(await isAbandoned(join(folder, 'none.sock'))).toBe(true);
  expect(await isAbandoned(`\0${'x'.repeat(200)}`)).toBe(false);
});

test('DynamoDB restarts at once, then with longer waits, at most ten times', () => {
  const waits: number[] = [];
  let restarts = { inARow: 0, startedAt: 0 };
  for (let next = nextRestart(restarts, 10); next; next = nextRestart(restarts, 10)) {
    waits.push(next.waitMs);
    restarts = { inARow: next.inARow, startedAt: 0 };
  }
  expect(waits).toEqual([0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  expect(nextRestart(restarts, 60_000)).toEqual({ inARow: 1, waitMs: 0 });
});
