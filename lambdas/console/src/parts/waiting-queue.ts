/** The devices that wait for a person: the longest held and the longest undetermined of each source, in one order. */
import { useCallback } from 'react';
import { read } from '../api.ts';
import { devicePage, type ExplainedDevice, status } from '../schemas.ts';
import { type Polled, usePolledRead } from '../use-polling.ts';
import { devicesPath } from './device-page.ts';

export type Queue = { devices: ExplainedDevice[]; more: boolean };

/** Of each source and verdict; nobody decides more at a time, and the others move up. */
const mostOfEach = 100;
const verdicts = ['hold', 'undetermined'] as const;

export const waitingSince = (device: ExplainedDevice): string => device.heldSince ?? device.decidedAt ?? device.firstSeen;

export function useWaitingQueue(everyMs: number): Polled<Queue> {
  const readQueue = useCallback(async (path: string, signal: AbortSignal): Promise<Queue> => {
    const { sources } = await read(path, status, signal);
    const queries = sources.flatMap(({ sourceId: source }) =>
      verdicts.map((verdict) => new URLSearchParams({ verdict, source })),
    );
    const pages = await Promise.all(queries.map((query) => read(devicesPath(query, mostOfEach, ''), devicePage, signal)));
    const devices = pages.flatMap((page) => page.devices);
    devices.sort((a, b) => waitingSince(a).localeCompare(waitingSince(b)));
    return { devices, more: pages.some(({ cursor }) => cursor !== null) };
  }, []);
  return usePolledRead('/status', readQueue, everyMs);
}
