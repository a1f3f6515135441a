/** The Debian package, built, inspected, installed and upgraded by dpkg in a separate root. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildDeb } from '#infra/relay-deb';
import manifest from '../../../package.json' with { type: 'json' };
import { loadConfiguration } from '../../../relay/configuration/load.ts';
import { fakeCloud } from '../fake-cloud.ts';

let folder: string;
let root: string;
let [older, newer] = ['', ''];
const at = (path: string) => join(root, path);
/** Without root rights, it becomes root in its own namespace. */
const asRoot = process.getuid?.() === 0 ? [] : ['unshare', '--map-root-user'];
function run(...argv: string[]): string {
  const [program = '', ...args] = [...asRoot, ...argv];
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
const dpkg = (...args: string[]) =>
  run(
    'dpkg',
    `--root=${root}`,
    `--log=${at('dpkg.log')}`,
    '--force-script-chrootless',
    '--force-depends',
    '--force-confold',
    ...args,
  );
const installedRelay = (...args: string[]) => execFileSync(at('usr/bin/relay'), args, { encoding: 'utf8' });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relay-deb-'));
  root = join(folder, 'root');
  for (const path of ['var/lib/dpkg/info', 'var/lib/dpkg/updates', 'etc', 'tmp']) mkdirSync(at(path), { recursive: true });
  for (const path of ['var/lib/dpkg/status', 'var/lib/dpkg/available', 'etc/shadow', 'etc/gshadow']) writeFileSync(at(path), '');
  writeFileSync(at('etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(at('etc/group'), 'root:x:0:\n');
  if (existsSync('/etc/login.defs')) copyFileSync('/etc/login.defs', at('etc/login.defs'));
  // The previous version had its own program to run with; that it was replaced shows in what runs afterwards.
  const formerNode = join(folder, 'node');
  writeFileSync(formerNode, '#!/bin/sh\necho 0.0.9\n');
  chmodSync(formerNode, 0o755);
  older = await buildDeb({ to: folder, version: '0.0.9', node: formerNode, compression: 'none' });
  newer = await buildDeb({ to: folder, compression: 'none' });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('holds relay, Node, launcher, unit, example and scripts, owned by root', () => {
  const contents = execFileSync('dpkg-deb', ['--contents', newer], { encoding: 'utf8' }).split('\n');
  const line = (path: string) => contents.find((each) => each.endsWith(` ${path}`)) ?? `no ${path}`;
  expect(line('./')).toMatch(/^drwxr-xr-x root\/root/);
  for (const program of ['./usr/bin/relay', './usr/lib/traveler-relay/node'])
    expect(line(program)).toMatch(/^-rwxr-xr-x root\/root/);
  expect(line('./usr/lib/traveler-relay/relay.mjs')).toMatch(/^-rw-r--r--/);
  expect(line('./etc/default/traveler-relay')).toMatch(/^-rw-------/);
  expect(line('./usr/lib/systemd/system/traveler-relay.service')).toMatch(/^-rw-r--r--/);
  const info = execFileSync('dpkg-deb', ['--info', newer], { encoding: 'utf8' });
  expect(info).toContain(`Version: ${manifest.version}`);
  expect(info).toMatch(/Architecture: amd64/);
  expect(info).toMatch(/postinst[\s\S]*postrm[\s\S]*prerm/);
});

test('an upgrade keeps identity, configuration and proxy, and runs the new version', async () => {
  dpkg('--install', older);
  expect(installedRelay('--version')).toBe('0.0.9\n');
  const account =
    readFileSync(at('etc/passwd'), 'utf8')
      .split('\n')
      .find((line) => line.startsWith('traveler-relay:')) ?? '';
  const [, , uid, , , home, shell] = account.split(':');
  expect([home, shell]).toEqual(['/var/lib/traveler-relay', '/usr/sbin/nologin']);
  const data = statSync(at('var/lib/traveler-relay'));
  expect(data.mode & 0o777).toBe(0o700);
  if (asRoot.length === 0) expect(data.uid).toBe(Number(uid));

  const kept: Record<string, string> = {
    'etc/traveler-relay/relay.json': '{"mine": true}',
    'etc/default/traveler-relay': 'HTTPS_PROXY=http://user:geheim@proxy:8080\n',
    'var/lib/traveler-relay/identity.json': '{"key": "mine"}',
    'var/lib/traveler-relay/journal.db': 'mine',
  };
  for (const [file, text] of Object.entries(kept)) writeFileSync(at(file), text);
  dpkg('--install', newer);
  expect(installedRelay('--version')).toBe(`${manifest.version}\n`);
  for (const [file, text] of Object.entries(kept)) expect(readFileSync(at(file), 'utf8')).toBe(text);
  expect(statSync(at('etc/default/traveler-relay')).mode & 0o777).toBe(0o600);

  rmSync(at('var/lib/traveler-relay/identity.json'));
  const cloud = await fakeCloud();
  const places = ['--data', at('var/lib/traveler-relay'), '--config', at('etc/traveler-relay/none.json')];
  const { spawn } = await import('node:child_process');
  const enrolling = spawn(at('usr/bin/relay'), ['enrol', cloud.url, cloud.token('hq'), ...places]);
  const code = await new Promise((resolve) => enrolling.once('close', resolve));
  await cloud.close();
  expect(code).toBe(0);
  expect(JSON.parse(readFileSync(at('var/lib/traveler-relay/identity.json'), 'utf8'))).toMatchObject({ sourceId: 'hq' });

  dpkg('--remove', 'traveler-relay');
  expect(existsSync(at('usr/bin/relay'))).toBe(false);
  expect(existsSync(at('var/lib/traveler-relay/identity.json'))).toBe(true);
  dpkg('--purge', 'traveler-relay');
  expect(existsSync(at('var/lib/traveler-relay'))).toBe(false);
  expect(readFileSync(at('etc/passwd'), 'utf8')).not.toContain('traveler-relay');
});

test('the example configuration is valid once the password file exists', () => {
  const example = JSON.parse(readFileSync('relay/packaging/relay.json.example', 'utf8'));
  const file = join(folder, 'relay.json');
  writeFileSync(join(folder, 'password'), 'secret\n', { mode: 0o600 });
  example.traveler.credentials.passwordFile = 'password';
  writeFileSync(file, JSON.stringify(example));
  expect(loadConfiguration(file)).toMatchObject({ traveler: { credentials: { user: 'svc-relay', password: 'secret' } } });
});
