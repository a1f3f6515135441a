/** What the server shows of the device: read before acting, and read back afterwards. */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { Found } from '#adapters/traveler/source';
import type { Shown } from '#domain/actions/action';
import type { DeviceDetail } from '#domain/devices/device';
import type { ActDependencies, Try } from './dependencies.ts';
import type { Executor } from './executors.ts';

export type Sight = { seen: DeviceDetail; shown: Shown; href: string };
/** `lost`: the record is not where it was; `gone`: nothing is there any more. A gather tells which it is. */
export type Reading = Sight | { failure: TravelerFailure } | { lost: string; gone: boolean };
export type Unread = Exclude<Reading, Sight>;

export const isSight = (reading: Reading): reading is Sight => 'seen' in reading;
export const isGone = (reading: Reading): boolean => 'gone' in reading && reading.gone;

/** Waits before reading back again, ms: a pool of servers may take a moment to agree. */
const lookAgainAfter = [250, 1000];

export async function read({ source, slots, device }: Pick<Try, 'source' | 'slots' | 'device'>): Promise<Reading> {
  try {
    const found = await slots(() => source.detail(device.href));
    if (found === 'gone')
      return { lost: 'The server does not find the device at its address; the next gather looks for it.', gone: true };
    if (found.user !== device.user || found.deviceId !== device.deviceId)
      return { lost: 'The address of the device leads to another one; the next gather reads it anew.', gone: false };
    return { seen: found.detail, shown: shownOf(found), href: found.href || device.href };
  } catch (error) {
    return { failure: asFailure(error) };
  }
}

export const shownOf = ({ detail: { approval, access, wipe } }: Pick<Found, 'detail'>): Shown => ({ approval, access, wipe });

export function asFailure(error: unknown): TravelerFailure {
  if (error instanceof TravelerFailure) return error;
  throw error;
}

/** The effect is there, or the record is gone: nothing more is to be waited for. */
export const isTelling = (reading: Reading, one: Try, { progress }: Executor): boolean =>
  isSight(reading) ? progress(reading.seen, one) !== 'undone' : isGone(reading);

/** Reads back again, a few times, while `reading` does not tell. */
export async function lookAgain(
  deps: ActDependencies,
  one: Try,
  { executor, reading }: { executor: Executor; reading: Reading },
): Promise<Reading> {
  let latest = reading;
  for (const ms of lookAgainAfter) {
    if (isTelling(latest, one, executor)) break;
    await deps.pause(ms);
    latest = await read(one);
  }
  return latest;
}
