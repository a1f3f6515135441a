/** Devices as CSV (RFC 4180). Pure except for the download. */

import { read } from '../api.ts';
import { devicePage, type ExplainedDevice } from '../schemas.ts';
import { devicesPath } from './device-page.ts';

const columns = [
  'sourceId',
  'user',
  'deviceId',
  'client',
  'provider',
  'type',
  'verdict',
  'rule',
  'evidence',
  'wouldChange',
  'approval',
  'access',
  'wipe',
  'state',
  'existing',
  'firstSeen',
  'lastSync',
  'heldSince',
  'decidedAt',
] as const satisfies readonly (keyof ExplainedDevice)[];

export function csvOf(devices: readonly ExplainedDevice[]): string {
  const rows = devices.map((device) => columns.map((column) => cell(device[column])).join(','));
  return [columns.join(','), ...rows].map((row) => `${row}\r\n`).join('');
}

/** Keeps the program that opens the file from running a name as a formula. */
function cell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** All devices that match, page by page; calls `onPage` with their number so far. Stops at `most`. */
export async function allDevices(
  query: URLSearchParams,
  { most = Number.POSITIVE_INFINITY, onPage }: { most?: number; onPage(count: number): void },
): Promise<ExplainedDevice[]> {
  const devices: ExplainedDevice[] = [];
  let cursor: string | null = '';
  while (cursor !== null && devices.length < most) {
    const page: { devices: ExplainedDevice[]; cursor: string | null } = await read(devicesPath(query, 500, cursor), devicePage);
    devices.push(...page.devices);
    cursor = page.cursor;
    onPage(devices.length);
  }
  return devices;
}

export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
