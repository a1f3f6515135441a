/** A listed device in the form in which it is kept and sent. Pure. */
import type { DeviceDetail, ListedDevice } from '#domain/devices/device';
import { type RelayedDevice, relayedDevice } from '#domain/relay/relay-protocol';

/** A device chooses its own description: absurdly long texts are cut, so that each device fits into one message. */
export const mostRowBytes = 16 * 1024;
const mostText = 200;
const mostNames = 5;

/** The canonical form, which both ends hash, so the order of its fields matters; null if it cannot be cut to a sendable size. */
export function sendable(row: ListedDevice, detailAt: number | null): RelayedDevice | null {
  const plain = relayedDevice.parse({ ...row, detailAt });
  if (fits(plain)) return plain;
  const cut = shortened(plain);
  return fits(cut) ? cut : null;
}

const fits = (row: RelayedDevice): boolean => Buffer.byteLength(JSON.stringify(row)) <= mostRowBytes;

const short = (text: string): string =>
  Array.from(text.slice(0, 2 * mostText))
    .slice(0, mostText)
    .join('');

function shortened(row: RelayedDevice): RelayedDevice {
  const { provider, type, level, notification, detail } = row;
  return {
    ...row,
    ...{ provider: short(provider), type: short(type), level: short(level), notification: short(notification) },
    detail: detail && shortenedDetail(detail),
  };
}

function shortenedDetail(detail: DeviceDetail): DeviceDetail {
  return {
    ...detail,
    wipeTypes: short(detail.wipeTypes),
    compliance: short(detail.compliance),
    approvers: detail.approvers.slice(0, mostNames).map(short),
    codes: Object.fromEntries(Object.entries(detail.codes).map(([name, code]) => [name, short(code)])),
  };
}

/** In a moving state: the state will soon change, so every gather reads the full record. */
export function isMoving(detail: DeviceDetail | null): boolean {
  return detail?.approval === 'pending' || detail?.wipe === 'requested' || detail?.wipe === 'unknown';
}
