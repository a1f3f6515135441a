/** What a notice tells of a device that is newly held, and where in the console it is acted on. */
import { z } from 'zod';
import { clientOf } from '#domain/devices/clients';
import { client, type Device, type DeviceKey, deviceKey } from '#domain/devices/device';

export const heldDevice = deviceKey.extend({
  client,
  provider: z.string(),
  firstSeen: z.number(),
  heldSince: z.number(),
  /** Why it is held, in the verdict's own words. */
  why: z.string(),
});
export type HeldDevice = z.infer<typeof heldDevice>;

/** Null unless the device is still held by the same episode: whoever was let in meanwhile needs nobody's attention. */
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

/** The console, with this device opened. `consoleUrl` may end in a slash. */
export function deviceLink(consoleUrl: string, { sourceId, user, deviceId }: DeviceKey): string {
  const asked = new URLSearchParams({ source: sourceId, user, id: deviceId });
  return `${consoleUrl.replace(/\/+$/, '')}/device?${asked}`;
}

/** The console, with the devices that wait at this source. */
export function heldLink(consoleUrl: string, sourceId: string): string {
  return `${consoleUrl.replace(/\/+$/, '')}/devices?${new URLSearchParams({ source: sourceId, verdict: 'hold' })}`;
}
