/** Pages of devices, filled: where few of many devices match, the API answers short pages, and the next one is asked for at once. */
import { useCallback, useState } from 'react';
import { read } from '../api.ts';
import { type DevicePage, devicePage } from '../schemas.ts';
import { type Live, useLiveRead } from '../use-polling.ts';

export type Wanted = { query: URLSearchParams; size: number; cursor: string };

/** `looked`: how many devices were looked at so far for a page that is still being filled. */
export type LivePage = Live<DevicePage> & { looked: number };

/** What was dear is asked again later: a page of the first devices every four seconds, one that took 100,000 every few minutes. */
const restOf = ({ looked }: DevicePage): number => Math.max(4000, looked * 4);

export function useDevicePage({ query, size, cursor }: Wanted): LivePage {
  const [looked, setLooked] = useState(0);
  const path = devicesPath(query, size, cursor);
  const ask = useCallback((first: string, signal: AbortSignal) => {
    setLooked(0);
    return filledPage(first, { signal, onLook: setLooked });
  }, []);
  return { ...useLiveRead(path, ask, restOf), looked };
}

export function devicesPath(query: URLSearchParams, size: number, cursor: string): string {
  const asked = new URLSearchParams(query);
  asked.set('limit', String(size));
  if (cursor !== '') asked.set('cursor', cursor);
  return `/devices?${asked}`;
}

async function filledPage(
  first: string,
  { signal, onLook }: { signal: AbortSignal; onLook(looked: number): void },
): Promise<DevicePage> {
  const page = await read(first, devicePage, signal);
  const query = new URLSearchParams(first.slice(first.indexOf('?')));
  const size = Number(query.get('limit'));
  const devices = [...page.devices];
  let { cursor, looked } = page;
  while (cursor !== null && devices.length < size) {
    onLook(looked);
    query.set('limit', String(size - devices.length));
    query.set('cursor', cursor);
    const next: DevicePage = await read(`/devices?${query}`, devicePage, signal);
    devices.push(...next.devices);
    looked += next.looked;
    cursor = next.cursor;
  }
  return { devices, cursor, looked };
}
