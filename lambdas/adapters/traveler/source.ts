/** A Traveler server as the rest of the product sees it: pages of devices, one device, server facts, and writes. */
import { parseFull } from '#domain/gather/traveler-record';
import { type Connection, connect } from './connection.ts';
import type { Found, TravelerOptions, TravelerSource } from './contract.ts';
import { listPages } from './device-list.ts';
import { TravelerFailure } from './failure.ts';
import { readServerFacts } from './server-facts.ts';
import { unprovenWrites } from './unproven-writes.ts';

export type { Found, TravelerOptions, TravelerSource, Written } from './contract.ts';

/** The largest value seen in use: 2,000 rows per page. */
const defaultPageMultiplier = 100;

/** Opens no connection until the first request. All callers of a server share one source, so that its limits hold. */
export function travelerSource(options: TravelerOptions): TravelerSource {
  const connection = connect(options);
  return {
    ...unprovenWrites(connection),
    pages: () => listPages(connection, options.pageMultiplier ?? defaultPageMultiplier),
    detail: (href) => readDetail(connection, href),
    serverFacts: () => readServerFacts(connection),
    limitTo: (atOnce) => connection.limitTo(atOnce),
    get underWay() {
      return connection.underWay;
    },
    get requests() {
      return connection.requests;
    },
    close: () => connection.close(),
  };
}

async function readDetail(connection: Connection, href: string): Promise<Found | 'gone'> {
  const subject = 'device record';
  const answer = await connection.call({ method: 'GET', path: connection.address.follow(href), subject });
  if (answer === 'gone') return 'gone';
  const found = parseFull(Array.isArray(answer.data) ? answer.data[0] : answer.data);
  if (found) return { ...found, href: found.href || href };
  throw new TravelerFailure('invalid', {
    what: 'The full record of a device cannot be read: it names no user or no device',
    where: `${connection.address.origin} ${subject}`,
    remedy:
      'The other devices are not affected. Look for the record in the Traveler administration and remove it if it is broken.',
  });
}
