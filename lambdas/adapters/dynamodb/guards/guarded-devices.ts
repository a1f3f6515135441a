/**
 * All devices that a guard stopped, when its own item has no room for them: separate items, written before the guard and keyed
 * by their content, so that an incomplete or different list never mixes with the one that the guard names.
 */
import { z } from 'zod';
import { getAll, putAll } from '#adapters/dynamodb/batch-requests';
import type { GuardTables } from '#adapters/dynamodb/guards/guard-tables';
import { controlKeys } from '#adapters/dynamodb/keys';
import { fingerprint } from '#adapters/fingerprint';
import { parts } from '#adapters/list-parts';
import { type GuardedDevice, type GuardItem, guardedDevice, mostListed } from '#domain/quarantine/guard';

const listed = z.object({ devices: z.array(guardedDevice) });

/** Writes nothing when they all fit the guard's own item. */
export async function storeTakings(
  { client, control }: GuardTables,
  guardId: string,
  taken: readonly GuardedDevice[],
): Promise<Pick<GuardItem, 'deviceList'>> {
  if (taken.length <= mostListed) return {};
  const listId = fingerprint(JSON.stringify(taken));
  const pages = parts(taken, mostListed);
  await putAll(
    client,
    control,
    pages.map((devices, part) => ({ ...controlKeys.guardDevices(guardId, listId, part), devices })),
  );
  return { deviceList: { listId, parts: pages.length } };
}

/** Every device that the guard stopped; for a guard stored before 0.2 the first 500. */
export async function readTakings({ client, control }: GuardTables, guard: GuardItem): Promise<GuardedDevice[]> {
  const { guardId, deviceList, devices } = guard;
  if (deviceList === undefined) return devices;
  const keys = Array.from({ length: deviceList.parts }, (_, part) => controlKeys.guardDevices(guardId, deviceList.listId, part));
  const found = await getAll(client, control, keys);
  if (found.length < keys.length)
    throw new Error(
      `Guard ${guardId}: ${keys.length - found.length} items of its device list are missing from the Control table.`,
    );
  return found.flatMap((item) => listed.parse(item).devices);
}
