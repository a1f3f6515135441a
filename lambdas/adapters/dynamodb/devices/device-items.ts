/** The stored form of a device: the device itself, its keys, and what its indexes need. */
import { deviceHash } from '#adapters/fingerprint';
import { type Device, type DeviceKey, device, type VerdictName } from '#domain/devices/device';
import { commonName } from '#domain/devices/names';
import { deviceIdKey, deviceSk, parseUserPk, shardKey, userPk, verdictKey, verdictSince } from '../keys.ts';

export const deviceItemKey = (key: DeviceKey) => ({ pk: userPk(key), sk: deviceSk(key.deviceId) });

/** The key of the device whose item this is; the item may come from an index. */
export function deviceKeyOf(item: Record<string, unknown>): DeviceKey {
  return { ...parseUserPk(String(item.pk)), deviceId: String(item.sk).slice(deviceSk('').length) };
}

export const isDeviceItem = (item: Record<string, unknown>): boolean => String(item.sk).startsWith(deviceSk(''));

export const parseDevice = (item: Record<string, unknown>): Device => device.parse(item);

/** The complete item of a device that was never stored. */
export function deviceItem(stored: Device): Record<string, unknown> {
  const hash = deviceHash(stored);
  const moving = movingKey(stored);
  return {
    ...deviceItemKey(stored),
    ...stored,
    idKey: deviceIdKey(stored.deviceId),
    nameKey: commonName(stored.user).toLowerCase(),
    shard: shardKey(stored.sourceId, hash),
    hash,
    ...(moving === null ? {} : { moving }),
    ...verdictKeys(stored),
  };
}

/** Verdicts that a small part of a fleet has: those devices are found without reading the others. */
export const listedVerdicts: readonly VerdictName[] = ['hold', 'undetermined', 'block'];

/** Keys in the sparse index of verdicts, sorted by when it was held or decided; null for a verdict that most devices have. */
export function verdictKeys(
  stored: DeviceKey & Pick<Device, 'verdict' | 'heldSince'>,
): { verdictKey: string; verdictSince: string } | null {
  const { sourceId, verdict, heldSince } = stored;
  if (verdict === null || !listedVerdicts.includes(verdict.verdict)) return null;
  return {
    verdictKey: verdictKey(sourceId, verdict.verdict),
    verdictSince: verdictSince(heldSince ?? verdict.decidedAt, deviceHash(stored)),
  };
}

/**
 * Value of the sparse index of devices whose full record every gather reads; null when this device is not among them. One that
 * an action removed is among them until a gather has checked whether the server still lists it.
 */
export function movingKey({ sourceId, presence, detail, heldSince, openAction, removal }: Device): string | null {
  if (presence === 'removed') return removal ? sourceId : null;
  const moves = detail?.approval === 'pending' || detail?.wipe === 'requested' || heldSince !== null || openAction !== null;
  return moves ? sourceId : null;
}
