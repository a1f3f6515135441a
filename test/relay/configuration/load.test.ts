import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { InvalidConfiguration, loadConfiguration } from '../../../relay/configuration/load.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relay-configuration-'));
});

const right = {
  traveler: { url: 'http://traveler.acme.example', credentials: { user: 'svc', password: 'not to be shown' } },
  console: { by: 'command', command: ['/opt/hcl/domino/bin/server', '-c', '{line}'] },
};
type Options = Parameters<typeof loadConfiguration>[1];

function write(name: string, text: string, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}
const load = (configuration: unknown, options: Options = {}, mode = 0o600) =>
  loadConfiguration(write('relay.json', JSON.stringify(configuration), mode), options);

function problemsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof InvalidConfiguration) return error.problems.map(({ path, what }) => `${path}: ${what}`);
    throw error;
  }
  return [];
}

describe('a valid relay.json', () => {
  test('is accepted, with the documented defaults', () => {
    expect(load(right)).toMatchObject({
      traveler: { url: 'http://traveler.acme.example', read: 'rest', concurrency: 8, credentials: { user: 'svc' } },
      console: { by: 'command', timeoutSeconds: 30 },
      log: { level: 'info', userNames: false },
      health: { port: 8737 },
    });
  });

  test('takes passwords from a file beside it or from the environment', () => {
    write('password', 'from the file\n');
    const byFile = load({ ...right, traveler: { ...right.traveler, credentials: { user: 'svc', passwordFile: 'password' } } });
    expect(byFile.traveler.credentials).toEqual({ user: 'svc', password: 'from the file' });
    const byVariable = load(
      { ...right, traveler: { ...right.traveler, credentials: { user: 'svc', passwordVariable: 'SECRET' } } },
      { environment: { SECRET: 'from the environment' } },
    );
    expect(byVariable.traveler.credentials).toEqual({ user: 'svc', password: 'from the environment' });
  });

  test('may be readable by others if it holds no password', () => {
    const configuration = { ...right, traveler: { ...right.traveler, credentials: { user: 'svc', passwordVariable: 'SECRET' } } };
    expect(load(configuration, { environment: { SECRET: 'x' } }, 0o644).traveler.credentials?.password).toBe('x');
  });

  test('needs neither address nor user when Traveler is read through Notes', () => {
    expect(load({ traveler: { read: 'notes' }, console: { by: 'notes', server: 'Mail01/Acme' } }).console).toMatchObject({
      by: 'notes',
      server: 'Mail01/Acme',
    });
  });
});

describe('an invalid relay.json', () => {
  test('is rejected with all errors and their paths, without values', () => {
    const wrong = {
      traveler: { url: 'ftp://secret-host', credentials: { user: '', password: 'top secret', passwordFile: 'x' }, read: 'magic' },
      console: { by: 'command', command: ['server', '-c'] },
      health: { port: 70_000 },
      tunnel: 'secret-host',
    };
    const problems = problemsOf(() => load(wrong));
    const paths = problems.map((problem) => problem.split(':')[0]);
    expect(paths).toEqual(
      expect.arrayContaining([
        'traveler.url',
        'traveler.credentials.user',
        'traveler.read',
        'console.command',
        'health.port',
        'tunnel',
      ]),
    );
    expect(problems.join()).not.toMatch(/secret-host|top secret|magic|70000/);
  });

  test.each([
    ['address and user missing', { ...right, traveler: {} }, ['traveler.credentials', 'traveler.url']],
    ['two passwords', withCredentials({ user: 'svc', password: 'x', passwordVariable: 'Y' }), ['traveler.credentials.password']],
    ['no password', withCredentials({ user: 'svc' }), ['traveler.credentials.password']],
    ['REST writes without REST', { traveler: { ...right.traveler, read: 'http' }, console: { by: 'rest' } }, ['console.by']],
    ['no place for the line', { ...right, console: { by: 'command', command: ['server', '-c'] } }, ['console.command']],
    ['a shell in between', { ...right, console: { by: 'command', command: ['sh', '-c', '{line}'] } }, ['console.command']],
    ['a password without a user', { ...right, proxy: { url: 'http://proxy:8080', password: 'x' } }, ['proxy.password']],
    ['a user without a password', { ...right, proxy: { url: 'http://proxy:8080', user: 'x' } }, ['proxy.password']],
  ])('%s', (_, configuration, paths) => {
    expect(
      problemsOf(() => load(configuration))
        .map((problem) => problem.split(':')[0])
        .sort(),
    ).toEqual(paths);
  });

  test('that is not JSON is rejected with the position, not the content', () => {
    const file = write('relay.json', '{ "traveler": { "password": top-secret } }');
    expect(() => loadConfiguration(file)).toThrow(/no JSON: a quote/);
    expect(() => loadConfiguration(file)).not.toThrow(/top-secret/);
    expect(() => loadConfiguration(write('relay.json', '{\n  "a": 1\n  "b": 2\n}'))).toThrow(/see line 3 column 3/);
  });

  test('that does not exist is reported', () => {
    expect(() => loadConfiguration(join(folder, 'none.json'))).toThrow(/none\.json cannot be read \(ENOENT\)/);
  });
});

describe('files that others can read', () => {
  test('are rejected if they hold a password, with the fixing command', () => {
    expect(problemsOf(() => load(right, {}, 0o644))).toEqual([
      `traveler.credentials.password: the file holds a password, and others may read it: chmod 600 ${join(folder, 'relay.json')}`,
    ]);
    write('password', 'x', 0o640);
    const proxy = { url: 'http://proxy:8080', user: 'x', passwordFile: 'password' };
    expect(problemsOf(() => load({ ...right, proxy }))).toEqual([
      `proxy.passwordFile: others may read this file: chmod 600 ${join(folder, 'password')}`,
    ]);
    const console_ = { by: 'notes', server: 'Mail01/Acme', passwordFile: 'password' };
    expect(problemsOf(() => load({ ...right, console: console_ }))).toHaveLength(1);
  });

  test('are a matter of access lists on Windows', () => {
    expect(load(right, { platform: 'win32' }, 0o644).traveler.credentials?.user).toBe('svc');
  });
});

test('missing, empty and invalid files are all reported at once', () => {
  write('empty', '');
  write('not-pem', 'x');
  const configuration = {
    ...right,
    traveler: { ...right.traveler, credentials: { user: 'svc', passwordFile: 'missing' } },
    proxy: { url: 'http://proxy:8080', user: 'x', passwordFile: 'empty' },
    caFile: 'not-pem',
  };
  expect(problemsOf(() => load(configuration))).toEqual([
    `traveler.credentials.passwordFile: ${join(folder, 'missing')} cannot be read (ENOENT)`,
    'proxy.passwordFile: the file is empty',
    'caFile: holds no certificate in PEM form',
  ]);
});

function withCredentials(credentials: object) {
  return { ...right, traveler: { ...right.traveler, credentials } };
}
