/**
 * Serves the console's built files. They are read once, at cold start, into a map by path: a request can only name what is in
 * the map, so no path leads out of the folder.
 */
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

export type FileAnswer = { statusCode: number; headers: Record<string, string>; body: string; isBase64Encoded: boolean };
type StaticFile = { body: Buffer; packed: Buffer | null; type: string; etag: string; cache: string };
/** Request headers that matter here. */
export type Asked = { acceptEncoding?: string | undefined; ifNoneMatch?: string | undefined };

const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  ico: 'image/x-icon',
  png: 'image/png',
  woff2: 'font/woff2',
};
const isText = (type: string) => type.includes('charset');

/** Inline styles are allowed (Cloudscape sets them); scripts and connections only from our own origin; no frames. */
const securityHeaders: Record<string, string> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const forever = 'public, max-age=31536000, immutable';
/** Vite puts a content hash into the names of files under `assets/`. */
const isHashed = (address: string) => address.startsWith('/assets/');

/** The files of a folder by path (`/index.html`); empty when the folder does not exist. */
export function readFiles(folder: string): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of entriesOf(folder)) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const address = `/${relative(folder, file).split(sep).join('/')}`;
    const body = readFileSync(file);
    const type = types[entry.name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    const etag = `"${hash('sha1', body, 'hex')}"`;
    const packed = isText(type) ? gzipSync(body) : null;
    files.set(address, { body, packed, type, etag, cache: isHashed(address) ? forever : 'no-cache' });
  }
  return files;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** The file at a path; the page at any path without a file extension (the page has its own routes); otherwise 404. */
export function serveFile(files: ReadonlyMap<string, StaticFile>, path: string, asked: Asked = {}): FileAnswer {
  const isPage = path === '/' || !/\.[a-z0-9]+$/i.test(path);
  const file = files.get(isPage ? '/index.html' : path);
  if (!file) return answer(404, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }, 'Not found');
  const headers = { 'content-type': file.type, 'cache-control': file.cache, etag: file.etag, vary: 'accept-encoding' };
  if (asked.ifNoneMatch?.split(/,\s*/).includes(file.etag)) return answer(304, headers, '');
  if (file.packed && /\bgzip\b/.test(asked.acceptEncoding ?? ''))
    return binary({ ...headers, 'content-encoding': 'gzip' }, file.packed);
  return isText(file.type) ? answer(200, headers, file.body.toString('utf8')) : binary(headers, file.body);
}

const binary = (headers: Record<string, string>, body: Buffer): FileAnswer => ({
  ...answer(200, headers, body.toString('base64')),
  isBase64Encoded: true,
});

function answer(statusCode: number, headers: Record<string, string>, body: string): FileAnswer {
  return { statusCode, headers: { ...securityHeaders, ...headers }, body, isBase64Encoded: false };
}
