/** The order in which a user's registered devices use up the allowance. */

import type { DeviceFacts } from '#domain/devices/device-facts';
import { hasAccess } from '#domain/devices/server-state';

export type Allowance = {
  /** Each device's place, from 1, in the order of the input. */
  place: readonly number[];
  /** The devices in the order of their places. */
  ordered: readonly DeviceFacts[];
};

const onlyPlace: readonly number[] = [1];

/**
 * Every listed device counts, including held and denied ones. Those with access come first (they were admitted before), then the
 * others; each group is ordered by time of registration, then by device id.
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
