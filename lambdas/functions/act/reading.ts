/** What the server shows of the device: read before acting, and read back afterwards. */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { Found } from '#adapters/traveler/source';
import type { Shown } from '#domain/action';
import type { DeviceDetail } from '#domain/device';
import type { ActDependencies, Try } from './dependencies.ts';
import type { Executor } from './executors.ts';

export type Sight = { seen: DeviceDetail; shown: Shown; href: string };
/** `lost`: the record is not where it was; `gone`: nothing is there any more. A gather tells which it is. */
export type Reading = Sight | { failure: TravelerFailure } | { lost: string; gone: boolean };
export type Unread = Exclude<Reading, Sight>;

export const isSight = (reading: Reading): reading is Sight => 'seen' in reading;
export const isGone = (reading: Reading): boolean => 'gone' in reading && reading.gone;

/** Waits before reading back again, ms: a pool of servers may take a moment to agree. */
const readBackAgain = [250, 1000];

export async function read({ source, device }: Pick<Try, 'source' | 'device'>): Promise<Reading> {
  try {
    const found = await source.detail(device.href);
    if (found === 'gone')
      return { lost: 'The server does not find the device at its address; the next gather looks for it.', gone: true };
    if (found.user !== device.user || found.deviceId !== device.deviceId)
      return { lost: 'The address of the device leads to another one; the next gather reads it anew.', gone: false };
    return { seen: found.detail, shown: shownOf(found), href: found.href || device.href };
  } catch (error) {
    return { failure: asFailure(error) };
  }
}

const shownOf = ({ detail: { approval, access, wipe } }: Found): Shown => ({ approval, access, wipe });

export function asFailure(error: unknown): TravelerFailure {
  if (error instanceof TravelerFailure) return error;
  throw error;
}

export async function readBack(deps: ActDependencies, one: Try, executor: Executor): Promise<Reading> {
  let reading = await read(one);
  for (const ms of readBackAgain) {
    if (isSight(reading) ? executor.progress(reading.seen, one) !== 'undone' : isGone(reading)) break;
    await deps.pause(ms);
    reading = await read(one);
  }
  return reading;
}
