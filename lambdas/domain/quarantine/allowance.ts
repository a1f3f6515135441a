/** The order in which a user's registered devices use up the allowance. */

import type { DeviceFacts } from '#domain/devices/device-facts';
import { hasAccess } from '#domain/devices/server-state';

export type Allowance = {
  /** Of each device, in the order given: its place, from 1. */
  place: readonly number[];
  /** The devices, first place first. */
  ordered: readonly DeviceFacts[];
};

const onlyPlace: readonly number[] = [1];

/**
 * Every device that the server lists counts, held and denied ones too. Those with access now come first (they were admitted
 * before), then the others; within each by time of registration, then by device id.
 */
export function allowanceOf(devices: readonly DeviceFacts[]): Allowance {
  if (devices.length === 1) return { place: onlyPlace, ordered: devices };
  const ranked = devices.map((device, index) => ({ device, index, rank: hasAccess(device) ? 0 : 1 }));
  ranked.sort(
    (a, b) =>
      a.rank - b.rank || a.device.registeredAt - b.device.registeredAt || (a.device.deviceId < b.device.deviceId ? -1 : 1),
  );
  const place = new Array<number>(devices.length).fill(0);
  ranked.forEach(({ index }, at) => {
    place[index] = at + 1;
  });
  return { place, ordered: ranked.map(({ device }) => device) };
}
