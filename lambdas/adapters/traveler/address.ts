/** The address of a Traveler server, and which of the URLs it returns may be followed: only those of its own origin. */
import { TravelerFailure } from './failure.ts';

export type Address = {
  origin: string;
  /** Path of an API resource below the base path: `devices?pm=100`. */
  api(resource: string): string;
  /** Path of any other resource below the base path: `LotusTraveler.nsf/vDevice?ReadViewEntries`. */
  below(resource: string): string;
  /** Path and query of an `href` or `next` from the server. Throws `refused` for another origin, which would get the password. */
  follow(href: string): string;
};

/** `baseUrl` may have a path (a reverse proxy) and a trailing slash, and may already end in the API's path. */
export function travelerAddress(baseUrl: string): Address {
  const base = new URL(baseUrl);
  const path = base.pathname.replace(/\/+$/, '').replace(/\/api\/traveler$/i, '');
  const list = new URL(`${path}/api/traveler/devices`, base.origin);
  return {
    origin: base.origin,
    api: (resource) => `${path}/api/traveler/${resource}`,
    below: (resource) => `${path}/${resource}`,
    follow(href) {
      const url = URL.parse(href, list);
      if (!url || href.trim() === '') throw unreadable(base.origin);
      if (url.origin !== base.origin || url.username !== '' || url.password !== '') throw foreign(base.origin);
      return url.pathname + url.search;
    },
  };
}

function foreign(origin: string): TravelerFailure {
  return new TravelerFailure('refused', {
    what: 'The server pointed to another address than its own; it was not followed, because the password would have gone there',
    where: `${origin} device list`,
    remedy: 'If the server stands behind a proxy, use the address that it gives itself as the url of this source.',
  });
}

function unreadable(origin: string): TravelerFailure {
  return new TravelerFailure('invalid', {
    what: 'A record gives no address that can be followed',
    where: `${origin} device list`,
    remedy:
      'The other devices are not affected. Look for the record in the Traveler administration and remove it if it is broken.',
  });
}
