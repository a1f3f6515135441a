/** Findings for states into which a test machine cannot be brought. */
import { expect, test } from 'vitest';
import { judgeFolder, judgeRoom, roomNeeded } from '../../../relay/doctor/judge-files.ts';
import { lineTo } from '../../../relay/doctor/probes/egress-route.ts';

const folder = {
  dataDir: '/var/lib/traveler-relay',
  folder: { uid: 998, mode: 0o40700 },
  writable: true,
  identity: { uid: 998, mode: 0o100600 },
  config: { uid: 998, mode: 0o100600, file: '/etc/traveler-relay/relay.json' },
  platform: 'linux' as const,
};

test('a disk with too little space is broken', () => {
  expect(judgeRoom(roomNeeded, '/data')).toMatchObject({ verdict: 'well' });
  expect(judgeRoom(roomNeeded - 1, '/data')).toMatchObject({ verdict: 'broken', says: expect.stringContaining('Only 199 MB') });
});

test.each([
  [
    'an identity that root made',
    { identity: { uid: 0, mode: 0o100600 } },
    /belongs to another account/,
    /^chown --recursive --reference/,
  ],
  [
    'a configuration that only root may read',
    { config: { ...folder.config, uid: 0 } },
    /relay\.json belongs to another account/,
    /^chown/,
  ],
  ['a folder that this account may not write to', { writable: false }, /may not write/, /sudo -u traveler-relay/],
  ['no folder', { folder: { code: 'ENOENT' } }, /ENOENT/, /relay enrol/],
])('%s is broken', (_, different, says, cure) => {
  expect(judgeFolder(folder)).toMatchObject({ verdict: 'well' });
  expect(judgeFolder({ ...folder, ...different })).toMatchObject({
    verdict: 'broken',
    says: expect.stringMatching(says),
    cure: expect.stringMatching(cure),
  });
});

test('on Windows modes and owners are ignored', () => {
  const there = {
    ...folder,
    platform: 'win32' as const,
    identity: { uid: 0, mode: 0o100666 },
    folder: { uid: 0, mode: 0o40777 },
  };
  expect(judgeFolder(there)).toMatchObject({ verdict: 'well' });
});

test.each([
  [{ HTTPS_PROXY: 'http://p:3128' }, 'p:3128'],
  [{ HTTP_PROXY: 'http://p:3128' }, 'p:3128'],
  [{ https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://p:3128' }, 'lower:1'],
  [{ HTTPS_PROXY: 'http://p:3128', NO_PROXY: 'cloud.example.com' }, null],
  [{ HTTPS_PROXY: 'http://p:3128', NO_PROXY: 'other, .example.com' }, null],
  [{ HTTPS_PROXY: 'http://p:3128', NO_PROXY: 'example.com' }, null],
  [{ HTTPS_PROXY: 'http://p:3128', NO_PROXY: '*' }, null],
  [{ HTTPS_PROXY: 'http://p:3128', NO_PROXY: 'cloud.example.com:8443' }, 'p:3128'],
  [{ HTTPS_PROXY: 'http://p:3128', NO_PROXY: 'ample.com' }, 'p:3128'],
  [{}, null],
])('with %j the cloud is reached over %s', (environment, over) => {
  const { proxy } = lineTo('wss://cloud.example.com/live', { proxy: undefined, environment });
  expect(proxy && `${proxy.host}:${proxy.port}`).toBe(over);
});

test('the configured proxy takes precedence over the environment, with its own exceptions', () => {
  const environment = { HTTPS_PROXY: 'http://other:1', NO_PROXY: '*' };
  const proxy = { url: 'http://p:3128', user: 'a b', password: 'c:d', except: ['intern.example'] };
  const line = lineTo('wss://cloud.example.com/live', { proxy, environment });
  expect(line.proxy).toMatchObject({ host: 'p', port: 3128, from: 'proxy in relay.json' });
  expect(line.proxy?.url.username).toBe('a%20b');
  expect(lineTo('wss://cloud.intern.example/live', { proxy, environment }).proxy).toBeNull();
});
