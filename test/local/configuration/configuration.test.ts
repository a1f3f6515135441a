import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localConfiguration } from '#domain/runtime/configuration';
import { separateSecrets } from '#infra/local/configuration/local-secrets';
import { readConfiguration } from '#infra/local/configuration/read-configuration';
import { aDirectory } from '#test/emulator/lambda/functions';

let dir: Awaited<ReturnType<typeof aDirectory>>;
beforeAll(async () => {
  dir = await aDirectory();
});
afterAll(() => dir.remove());

const source = { id: 'cloud', kind: 'smartcloud', url: 'https://t.example', credentials: { user: 'u', password: 'geheim' } };

async function mistakesIn(document: unknown): Promise<string> {
  const file = join(dir.dir, 'config.json');
  await writeFile(file, typeof document === 'string' ? document : JSON.stringify(document));
  return readConfiguration(file).then(
    () => '',
    (error: Error) => error.message.replace(dir.dir, ''),
  );
}

test('a valid configuration is accepted, with its defaults filled in', async () => {
  const file = join(dir.dir, 'right.json');
  await writeFile(file, JSON.stringify({ sources: [source], settings: { devicesPerUser: 2 } }));
  expect(await readConfiguration(file)).toMatchObject({
    gatherEveryMinutes: 15,
    settings: { requireApproval: 'server', devicesPerUser: 2 },
    guard: { maxDevices: 50 },
    sources: [{ concurrency: 16, enforcement: 'server' }],
  });
});

test('all mistakes are reported at once, each with place, found and expected', async () => {
  const says = await mistakesIn({
    sources: [
      { ...source, id: 'Bad Id', url: 'ftp://admin:geheim@host/x' },
      { ...source, id: 'twice', concurrency: 1.5 },
      { ...source, id: 'twice' },
      { id: 'imap', kind: 'imap' },
    ],
    gatherEveryMinutes: 'often',
    settings: { requireApproval: 'maybe', devicesPerUser: -1, notify: ['nobody'] },
    guard: { maxPercent: 200 },
    mail: {},
    unheardOf: true,
  });
  expect(says.split('\n').slice(1)).toEqual([
    '  sources[0].id: found "Bad Id"; expected lower-case letters, digits and hyphens, at most 63',
    '  sources[0].url: found "ftp://…@host/x"; expected an http(s) URL',
    '  sources[1].concurrency: found 1.5; expected a whole number',
    '  sources[3].kind: found "imap"; expected one of "smartcloud", "traveler"',
    '  gatherEveryMinutes: found "often"; expected a number',
    '  settings.requireApproval: found "maybe"; expected one of "server", "on", "off"',
    '  settings.notify[0]: found "nobody"; expected an email address',
    '  settings.devicesPerUser: found -1; expected at least 0',
    '  guard.maxPercent: found 200; expected at most 100',
    '  mail.from: found nothing; expected a text',
    '  unheardOf: found a key that means nothing here; expected no such key (is it misspelt?)',
    '  sources[2].id: found "twice"; expected each source to have an id of its own',
  ]);
});

test.each([
  ['a misspelt key', { user: 'u', pasword: 'geheim' }, 'sources[0].credentials.pasword: found a key that means nothing here'],
  ['a bare text', 'geheim', 'sources[0].credentials: found a value (not shown: it may be secret); expected an object'],
  ['a list', ['geheim'], 'sources[0].credentials: found a list; expected an object'],
  ['a number', { user: 'u', password: 4711 }, 'sources[0].credentials.password: found a value (not shown: it may be secret)'],
  ['an empty password', { user: 'u', password: '' }, 'sources[0].credentials.password: found an empty text'],
  ['both ways at once', { user: 'u', password: 'geheim', secretName: 's' }, 'sources[0].credentials'],
])('credentials given as %s are rejected without repeating them', async (_name, credentials, says) => {
  const message = await mistakesIn({ sources: [{ ...source, credentials }] });
  expect(message).toContain(says);
  expect(message).not.toMatch(/geheim|4711/);
});

test('invalid JSON is reported with its place, without its content', async () => {
  const comma = await mistakesIn('{\n  "sources": []\n  "password": "geheim"\n}');
  expect(comma).toContain('not valid JSON: line 3, column 3');
  const quote = await mistakesIn('{\n  "sources": [],\n  "password": geheim\n}');
  expect(quote).toContain('not valid JSON');
  expect(comma + quote).not.toContain('geheim');
  expect(await mistakesIn('{ "sources": [')).toContain('not valid JSON');
});

test('a missing file is named', async () => {
  await expect(readConfiguration('/nowhere/config.json')).rejects.toThrow(
    '/nowhere/config.json cannot be read: there is no such file',
  );
});

test('passwords and tokens become secrets; functions get only their names', () => {
  const local = localConfiguration.parse({
    sources: [
      source,
      { id: 'named', kind: 'smartcloud', url: 'https://t', credentials: { secretName: 'mine' } },
      { id: 'hq', kind: 'traveler' },
    ],
    portal: { url: 'https://portal.example', token: 'geheim' },
  });
  const { configuration, secrets } = separateSecrets(local);
  expect(JSON.stringify(configuration)).not.toContain('geheim');
  expect(configuration).toMatchObject({
    sources: [
      { credentials: { secretName: 'traveler-extender/source/cloud' } },
      { credentials: { secretName: 'mine' } },
      { id: 'hq' },
    ],
    portal: { secretName: 'traveler-extender/portal' },
  });
  expect(Object.fromEntries(secrets)).toEqual({
    'traveler-extender/source/cloud': '{"user":"u","password":"geheim"}',
    'traveler-extender/portal': 'geheim',
  });
});

test('a configuration may name its schema, for editors', () => {
  const named = { $schema: './docs/configuration.schema.json', sources: [{ id: 'hq', kind: 'traveler' }] };
  expect(localConfiguration.parse(named)).toMatchObject({ sources: [{ id: 'hq' }] });
});
