/** Turns one request to the simulated server into one response, independent of sockets. */
import { timingSafeEqual } from 'node:crypto';
import { type ReadTarget, renderList, renderPushStatus, renderRecordAnswer, renderServers } from './device-list.ts';
import { renderView } from './domino-view.ts';
import type { RequestKind } from './faults.ts';
import type { Release, Traveler } from './traveler.ts';
import { envelopeOf } from './wire.ts';

export type Request = { method: string; url: URL; authorization: string; body: string };
export type Reply = { status: number; type: 'application/json' | 'text/plain' | 'text/html'; body: string };

const api = '/api/traveler/';
const view = '/lotustraveler.nsf/vdevice';

/** The kind of a request; undefined for a path that this release of Traveler does not have. */
export function kindOf(method: string, path: string, release: Release): RequestKind | undefined {
  if (path === '/traveler') return 'status';
  // Domino ignores case. Traveler 8.5 has no REST; later releases, in a pool, have no such database.
  if (release === '8.5') return path.toLowerCase() === view && method === 'GET' ? 'view' : undefined;
  if (!path.startsWith(api)) return undefined;
  const resource = path.slice(api.length);
  if (resource === 'devices') return 'list';
  if (resource === 'servers' || resource === 'pushstatus' || resource === 'settings') return resource;
  if (!resource.startsWith('devices/')) return undefined;
  return method === 'GET' ? 'detail' : 'write';
}

export function isAuthorized(authorization: string, { user, password }: { user: string; password: string }): boolean {
  const expected = Buffer.from(`Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`);
  const given = Buffer.from(authorization);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

export function answer(traveler: Traveler, kind: RequestKind, { method, url, body }: Request): Reply {
  const target: ReadTarget = { path: url.pathname, query: url.searchParams };
  switch (kind) {
    case 'status':
      return { status: 200, type: 'text/plain', body: 'Traveler server is available.' };
    case 'list':
      return json(renderList(traveler, target));
    case 'servers':
      return json(renderServers(traveler, target));
    case 'pushstatus':
      return json(renderPushStatus(traveler, target));
    case 'settings':
      return answerSettings(traveler, target, method === 'PUT' ? body : undefined);
    case 'view':
      return url.searchParams.get('OutputFormat')?.toUpperCase() === 'JSON'
        ? json(renderView(traveler, target))
        : failed(400, url.pathname);
    case 'detail':
      return answerRecord(traveler, target);
    case 'write':
      return answerWrite(traveler, target, { method, body });
  }
}

function answerRecord(traveler: Traveler, { path }: ReadTarget): Reply {
  const index = indexOf(traveler, path);
  return index === undefined ? failed(404, path) : json(renderRecordAnswer(traveler, index));
}

function answerWrite(traveler: Traveler, { path }: ReadTarget, { method, body }: { method: string; body: string }): Reply {
  const index = indexOf(traveler, path);
  if (method !== 'PUT' && method !== 'DELETE') return failed(405, path);
  const outcome = method === 'PUT' ? traveler.put(path, index, parsed(body)) : traveler.delete(path, index);
  if (outcome === 'gone') return failed(404, path);
  if (outcome === 'invalid') return failed(400, path);
  return json(method === 'PUT' && index !== undefined ? renderRecordAnswer(traveler, index) : envelopeOf('[]', { href: path }));
}

function answerSettings(traveler: Traveler, { path }: ReadTarget, body: string | undefined): Reply {
  if (traveler.faults.get('no-settings')) return failed(404, path);
  if (body !== undefined && traveler.putSettings(path, parsed(body)) === 'invalid') return failed(400, path);
  return json(envelopeOf(JSON.stringify(traveler.settings), { href: path }));
}

const indexOf = ({ fleet }: Traveler, path: string) => fleet.indexOfCode(path.slice(path.lastIndexOf('/') + 1));

export const json = (body: string): Reply => ({ status: 200, type: 'application/json', body });
export const failed = (code: number, href: string): Reply => ({
  status: code,
  type: 'application/json',
  body: envelopeOf('[]', { href, code }),
});

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
