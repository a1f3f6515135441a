/**
 * Finds single devices where only the whole list can be read: a request made during a scan waits for the next scan, which starts
 * after the request, and all waiting requests share it. Many at once cost one scan, and no result is older than its request.
 */
import type { Found } from '#adapters/traveler/contract';
import type { DeviceKey } from '#domain/devices/device';
import { canonicalName } from '#domain/devices/names';

type Wanted = Pick<DeviceKey, 'user' | 'deviceId'>;
type Waiting = { wanted: Wanted; resolve(found: Found | 'gone'): void; reject(error: unknown): void };

const nameOf = ({ user, deviceId }: Wanted) => `${canonicalName(user)}\n${deviceId}`;

/** `readAll` yields devices until the caller stops iterating. */
export function sharedScan(readAll: () => AsyncIterable<readonly Found[]>): (wanted: Wanted) => Promise<Found | 'gone'> {
  let waiting: Waiting[] = [];
  let going = false;

  async function scan(): Promise<void> {
    going = true;
    while (waiting.length > 0) {
      const served = waiting;
      waiting = [];
      await serve(served).catch((error: unknown) => {
        for (const { reject } of served) reject(error);
      });
    }
    going = false;
  }

  async function serve(served: readonly Waiting[]): Promise<void> {
    const left = Map.groupBy(served, ({ wanted }) => nameOf(wanted));
    for await (const devices of readAll()) {
      for (const found of devices) {
        for (const { resolve } of left.get(nameOf(found)) ?? []) resolve(found);
        left.delete(nameOf(found));
      }
      if (left.size === 0) return;
    }
    for (const { resolve } of [...left.values()].flat()) resolve('gone');
  }

  return (wanted) =>
    new Promise((resolve, reject) => {
      waiting.push({ wanted, resolve, reject });
      // `scan` passes every error on to those who wait for it.
      if (!going) scan().catch(reject);
    });
}
