/** Reads the device list by following `next`, one page ahead of the caller. */
import { setImmediate as requestsSent } from 'node:timers/promises';
import type { ListedDevice } from '#domain/devices/device';
import { parseListed } from '#domain/gather/traveler-record';
import type { Connection } from './connection.ts';
import type { DevicePage } from './contract.ts';
import { rowsOf } from './envelope.ts';
import { TravelerFailure } from './failure.ts';

const subject = 'device list';
/** A list with this many empty pages in a row, or with many more rows than records, is inconsistent. */
const mostEmptyPages = 3;
const sparePages = 10;

type Read = { page: DevicePage; rows: number; next: string | null };

export async function* listPages(connection: Connection, pageMultiplier: number): AsyncGenerator<DevicePage> {
  const stop = new AbortController();
  const check = consistency(connection.address.origin);
  const first = connection.address.api(`devices?pm=${pageMultiplier}`);
  let ahead: Promise<Read> | null = fetchPage(connection, { path: first, page: 1, signal: stop.signal });
  try {
    for (let page = 1; ahead; page++) {
      const read: Read = await ahead;
      check(read, page === 1 ? first : null);
      ahead = read.next === null ? null : fetchPage(connection, { path: read.next, page: page + 1, signal: stop.signal });
      // Awaited when the caller asks for the next page; until then a failure must not count as unhandled.
      ahead?.catch(() => undefined);
      // The caller processes a page synchronously and for long: send the next request first, so that the server works meanwhile.
      if (ahead) await requestsSent();
      yield read.page;
    }
  } finally {
    stop.abort();
  }
}

async function fetchPage(
  connection: Connection,
  { path, page, signal }: { path: string; page: number; signal: AbortSignal },
): Promise<Read> {
  const answer = await connection.call({ method: 'GET', path, subject, signal });
  const rows = answer === 'gone' ? undefined : rowsOf(answer);
  if (answer === 'gone' || !rows) throw noList(connection.address.origin, answer === 'gone');
  const devices: ListedDevice[] = [];
  for (const row of rows) {
    const device = parseListed(row);
    if (device) devices.push(device);
  }
  const next = answer.next ? connection.address.follow(answer.next) : null;
  const totalRecords = answer.totalRecords ?? null;
  return { page: { devices, totalRecords, rejected: rows.length - devices.length, page }, rows: rows.length, next };
}

/** Rejects a list that loops or does not end. */
function consistency(origin: string): (read: Read, first: string | null) => void {
  const seen = new Set<string>();
  let rows = 0;
  let empty = 0;
  let largest = 0;
  return (read, first) => {
    if (first !== null) seen.add(first);
    rows += read.rows;
    largest = Math.max(largest, read.rows);
    empty = read.rows === 0 ? empty + 1 : 0;
    const most = (read.page.totalRecords ?? Number.POSITIVE_INFINITY) * 2 + largest * sparePages;
    if (read.next === null) return;
    if (seen.has(read.next)) throw inconsistent(origin, 'leads back to a page that was read already');
    if (empty >= mostEmptyPages || rows > most) throw inconsistent(origin, 'does not end');
    seen.add(read.next);
  };
}

function inconsistent(origin: string, how: string): TravelerFailure {
  return new TravelerFailure('permanent', {
    what: `The device list ${how}: it is inconsistent, and nothing is concluded from it`,
    where: `${origin} ${subject}`,
    remedy: 'It is read anew at the next gather. If this lasts, restart the Traveler task or ask its vendor.',
  });
}

function noList(origin: string, missing: boolean): TravelerFailure {
  return new TravelerFailure('permanent', {
    what: missing ? 'There is no device list at this address (404)' : 'The answer holds no device list',
    where: `${origin} ${subject}`,
    remedy: 'Check the url of this source, and that the server is Traveler 9.0 or later.',
  });
}
