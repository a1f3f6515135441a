/** What a notice says of a newly held device, and the links to the console. */
import { z } from 'zod';
import { clientOf } from '#domain/devices/clients';
import { client, type Device, type DeviceKey, deviceKey } from '#domain/devices/device';

export const heldDevice = deviceKey.extend({
  client,
  provider: z.string(),
  firstSeen: z.number(),
  heldSince: z.number(),
  /** Why it is held: the verdict's evidence. */
  why: z.string(),
});
export type HeldDevice = z.infer<typeof heldDevice>;

/** The device as the notice lists it; null unless it is still held since `heldSince`, because otherwise nobody has to act. */
export function stillHeld(device: Device | null, heldSince: unknown): HeldDevice | null {
  if (device === null || device.heldSince === null || device.heldSince !== heldSince || device.presence === 'removed')
    return null;
  const { sourceId, user, deviceId, provider, type, verdict, firstSeen } = device;
  return {
    sourceId,
    user,
    deviceId,
    client: clientOf(deviceId.toLowerCase(), type, false),
    provider,
    firstSeen,
    heldSince: device.heldSince,
    why: verdict?.evidence ?? '',
  };
}

/** URL of this device in the console. `consoleUrl` may end in a slash. */
export function deviceLink(consoleUrl: string, { sourceId, user, deviceId }: DeviceKey): string {
  const query = new URLSearchParams({ source: sourceId, user, id: deviceId });
  return `${consoleUrl.replace(/\/+$/, '')}/device?${query}`;
}

/** URL of the console's list of the devices that wait at this source. */
export function heldLink(consoleUrl: string, sourceId: string): string {
  return `${consoleUrl.replace(/\/+$/, '')}/devices?${new URLSearchParams({ source: sourceId, verdict: 'hold' })}`;
}
