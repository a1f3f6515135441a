/** Reads what the server shows of the device, as an observation. */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { Shown } from '#domain/actions/action';
import type { Observation, Sight } from '#domain/actions/attempt';
import type { Device, DeviceDetail } from '#domain/devices/device';
import type { ActedSource, Slots } from './dependencies.ts';

export async function readDevice(source: ActedSource, device: Device, { slots }: { slots: Slots }): Promise<Observation> {
  try {
    const found = await slots(() => source.detail(device.href));
    if (found === 'gone') return { saw: 'gone' };
    if (found.user !== device.user || found.deviceId !== device.deviceId) return { saw: 'other-device' };
    return { saw: 'device', sight: sightOf(found.detail, found.href || device.href) };
  } catch (error) {
    return { saw: 'read-failed', failure: asFailure(error) };
  }
}

export const sightOf = (seen: DeviceDetail, href: string): Sight => ({ seen, shown: shownOf(seen), href });

export const shownOf = ({ approval, access, wipe }: DeviceDetail): Shown => ({ approval, access, wipe });

/** Rethrows any error that is not a failure of the source. */
export function asFailure(error: unknown): TravelerFailure {
  if (error instanceof TravelerFailure) return error;
  throw error;
}
