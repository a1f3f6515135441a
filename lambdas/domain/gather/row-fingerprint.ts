/**
 * Fingerprints of a list row: two 32-bit hashes that show whether a device changed since it was stored. `identity` covers the
 * fields that say *which phone this is*, `description` those that only describe it. Last sync is in neither: it is volatile.
 */
import type { DeviceDetail, ListedDevice } from '#domain/devices/device';

export type RowFingerprint = { identity: number; description: number };

/** The two values above are the manifest's own markers. */
const highest = 0xfffffffd;

export function rowFingerprint(row: ListedDevice): RowFingerprint {
  return { identity: hash32([model(row.type), row.provider, row.href]), description: hash32(describing(row)) };
}

/** The type without its version: a system update is fully visible in the list, but another model may be another phone. */
function model(type: string): string {
  let start = type.length;
  while (start > 0 && (isDigit(type, start - 1) || type[start - 1] === '.')) start--;
  if (!isDigit(type, start)) return type;
  if (start === 0) return '';
  return type[start - 1] === '/' || type[start - 1] === ' ' ? type.slice(0, start - 1) : type;
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 48 && code <= 57;
}

function describing({ type, level, notification, detail }: ListedDevice): string[] {
  return [type, level, notification, ...(detail === null ? [] : [textOf(detail)])];
}

/** The same for the same record regardless of the order of its fields: relay and cloud must compute the same fingerprint. */
function textOf({ codes, ...rest }: DeviceDetail): string {
  const fields = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  const coded = Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([fields, coded]);
}

/** FNV-1a over the parts, with a separator that no part can contain, and a final mix. */
function hash32(parts: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    for (let index = 0; index < part.length; index++) hash = Math.imul(hash ^ part.charCodeAt(index), 0x01000193);
    hash = Math.imul(hash ^ 0x1f, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return Math.min((hash ^ (hash >>> 13)) >>> 0, highest);
}

/** The halves of a 64-bit hash of 16 hex digits. */
export const highOf = (hash: string): number => word(hash, 0);
export const lowOf = (hash: string): number => word(hash, 8);

/** Eight lower-case hex digits as a number. Several times as fast as parsing a slice; called several times per row. */
function word(hash: string, from: number): number {
  let value = 0;
  for (let index = from; index < from + 8; index++) {
    const code = hash.charCodeAt(index);
    value = (value << 4) | (code < 58 ? code - 48 : code - 87);
  }
  return value >>> 0;
}
