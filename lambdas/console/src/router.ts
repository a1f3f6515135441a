/** Addresses of the page: what is shown follows from the address, so links, back and forward work as in any other page. */
import { useSyncExternalStore } from 'react';
import type { DeviceName } from './schemas.ts';

const listeners = new Set<() => void>();
const notify = () => {
  for (const listener of listeners) listener();
};

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener('popstate', notify);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener('popstate', notify);
  };
}

/** Goes to an address of the console. `replace`: without a new entry in the browser's history. */
export function navigate(address: string, { replace = false } = {}): void {
  if (address === location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  if (!replace) scrollTo(0, 0);
  notify();
}

export type Route = { path: string; query: URLSearchParams; address: string };

export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  const url = new URL(address, location.origin);
  return { path: url.pathname, query: url.searchParams, address };
}

/** For links of Cloudscape: follows them here, unless the reader wants a new tab. */
export function follow(event: CustomEvent<{ href?: string | undefined; external?: boolean | undefined }>): void {
  const { href, external } = event.detail;
  if (href === undefined || external || !href.startsWith('/')) return;
  event.preventDefault();
  navigate(href);
}

/** In the query, not in the path: names contain slashes, dots and other special characters, and a path is decoded in transit. */
export const deviceAddress = ({ sourceId, user, deviceId }: DeviceName): string =>
  `/device?${new URLSearchParams({ source: sourceId, user, id: deviceId })}`;

export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
