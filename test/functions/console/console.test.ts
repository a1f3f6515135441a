import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFiles, serveFile } from '#functions/console/console';

const root = mkdtempSync(join(tmpdir(), 'console-test-'));
const folder = join(root, 'assets');
const script = 'console.log("ä")';
let files: ReturnType<typeof readFiles>;

beforeAll(() => {
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Extender</title>');
  writeFileSync(join(folder, 'assets/index-abc123.js'), script);
  writeFileSync(join(folder, 'picture.png'), Buffer.from([0x89, 0x50, 0xff]));
  writeFileSync(join(root, 'configuration.json'), '{"secret":true}');
  files = readFiles(folder);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('the page is served at the root and every page address, and revalidated', () => {
  for (const path of ['/', '/devices', '/sources/cloud']) {
    const { statusCode, headers, body } = serveFile(files, path);
    expect([statusCode, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'text/html; charset=utf-8',
      'no-cache',
    ]);
    expect(body).toContain('Extender');
  }
});

test('files named by their content are cached for ever', () => {
  const { headers, body } = serveFile(files, '/assets/index-abc123.js');
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(body).toBe(script);
});

test('text is compressed for clients that accept it, and pictures are sent unchanged', () => {
  const packed = serveFile(files, '/assets/index-abc123.js', { acceptEncoding: 'gzip, deflate, br' });
  expect(packed).toMatchObject({ isBase64Encoded: true, headers: { 'content-encoding': 'gzip', vary: 'accept-encoding' } });
  expect(gunzipSync(Buffer.from(packed.body, 'base64')).toString()).toBe(script);
  const picture = serveFile(files, '/picture.png', { acceptEncoding: 'gzip' });
  expect(picture).toMatchObject({ isBase64Encoded: true, headers: { 'content-type': 'image/png' } });
  expect([...Buffer.from(picture.body, 'base64')]).toEqual([0x89, 0x50, 0xff]);
});

test('a client with a cached file gets no body', () => {
  const { headers } = serveFile(files, '/');
  expect(serveFile(files, '/', { ifNoneMatch: `"other", ${headers.etag}` })).toMatchObject({ statusCode: 304, body: '' });
});

test('no path leads out of the folder', () => {
  const attempts = [
    '/../configuration.json',
    '/assets/../../configuration.json',
    '/..%2fconfiguration.json',
    '/assets/..\\..\\configuration.json',
    '/configuration.json',
    `${root}/configuration.json`,
    '/__proto__.x',
    '/constructor.js',
  ];
  for (const path of attempts) expect([path, serveFile(files, path).statusCode]).toEqual([path, 404]);
});

test('every answer forbids foreign and inline scripts, framing and MIME sniffing', () => {
  for (const path of ['/', '/assets/index-abc123.js', '/nothing.js']) {
    const { headers } = serveFile(files, path);
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy.split('; ').find((part) => part.startsWith('script-src'))).toBe("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  }
});

test('without a built page nothing is served, and the function still starts', () => {
  expect(serveFile(readFiles(join(root, 'absent')), '/').statusCode).toBe(404);
});
