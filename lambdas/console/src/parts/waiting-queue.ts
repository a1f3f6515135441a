/** Who waits for a person: of each source the longest held and the longest undetermined, put in one order. */
import { useCallback } from 'react';
import { read } from '../api.ts';
import { devicePage, type ExplainedDevice, status } from '../schemas.ts';
import { type Live, useLiveRead } from '../use-polling.ts';
import { devicesPath } from './device-page.ts';

export type Queue = { devices: ExplainedDevice[]; more: boolean };

/** Of each source and verdict; nobody decides more in one sitting, and the others move up. */
const mostOfEach = 100;
const verdicts = ['hold', 'undetermined'] as const;

export const waitingSince = (device: ExplainedDevice): string => device.heldSince ?? device.decidedAt ?? device.firstSeen;

export function useWaitingQueue(everyMs: number): Live<Queue> {
  const ask = useCallback(async (path: string, signal: AbortSignal): Promise<Queue> => {
    const { sources } = await read(path, status, signal);
    const wanted = sources.flatMap(({ sourceId: source }) => verdicts.map((verdict) => new URLSearchParams({ verdict, source })));
    const pages = await Promise.all(wanted.map((query) => read(devicesPath(query, mostOfEach, ''), devicePage, signal)));
    const devices = pages.flatMap((page) => page.devices);
    devices.sort((a, b) => waitingSince(a).localeCompare(waitingSince(b)));
    return { devices, more: pages.some(({ cursor }) => cursor !== null) };
  }, []);
  return useLiveRead('/status', ask, everyMs);
}
