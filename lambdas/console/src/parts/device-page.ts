/** Full pages of devices: where few of many devices match, the API returns short pages, and the next one is read at once. */
import { useCallback, useState } from 'react';
import { read } from '../api.ts';
import { type DevicePage, devicePage } from '../schemas.ts';
import { type Polled, usePolledRead } from '../use-polling.ts';

export type PageRequest = { query: URLSearchParams; size: number; cursor: string };

/** `looked`: how many devices have been searched so far for a page that is still being filled. */
export type PolledDevicePage = Polled<DevicePage> & { looked: number };

/** An expensive page is read again later: one of the first devices every four seconds, one that searched 100,000 every few minutes. */
const pollMsOf = ({ looked }: DevicePage): number => Math.max(4000, looked * 4);

export function useDevicePage({ query, size, cursor }: PageRequest): PolledDevicePage {
  const [looked, setLooked] = useState(0);
  const path = devicesPath(query, size, cursor);
  const readOnce = useCallback((first: string, signal: AbortSignal) => {
    setLooked(0);
    return filledPage(first, { signal, onProgress: setLooked });
  }, []);
  return { ...usePolledRead(path, readOnce, pollMsOf), looked };
}

export function devicesPath(query: URLSearchParams, size: number, cursor: string): string {
  const params = new URLSearchParams(query);
  params.set('limit', String(size));
  if (cursor !== '') params.set('cursor', cursor);
  return `/devices?${params}`;
}

async function filledPage(
  first: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress(looked: number): void },
): Promise<DevicePage> {
  const page = await read(first, devicePage, signal);
  const query = new URLSearchParams(first.slice(first.indexOf('?')));
  const size = Number(query.get('limit'));
  const devices = [...page.devices];
  let { cursor, looked } = page;
  while (cursor !== null && devices.length < size) {
    onProgress(looked);
    query.set('limit', String(size - devices.length));
    query.set('cursor', cursor);
    const next: DevicePage = await read(`/devices?${query}`, devicePage, signal);
    devices.push(...next.devices);
    looked += next.looked;
    cursor = next.cursor;
  }
  return { devices, cursor, looked };
}
