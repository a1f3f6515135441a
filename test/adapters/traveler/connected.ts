/** A simulated server and a source that reads it, for one test; with short times instead of seconds. */
import { onTestFinished } from 'vitest';
import type { DevicePage, TravelerOptions, TravelerSource } from '#adapters/traveler/contract';
import { TravelerFailure } from '#adapters/traveler/failure';
import { travelerSource } from '#adapters/traveler/source';
import type { ListedDevice } from '#domain/devices/device';
import { type SimulatorOptions, startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';

export type Connected = { server: TravelerSimulator; source: TravelerSource };

export async function connected(
  simulated: SimulatorOptions = {},
  options: Partial<TravelerOptions> | ((server: TravelerSimulator) => Partial<TravelerOptions>) = {},
): Promise<Connected> {
  const server = await startTravelerSimulator({ devices: 100, ...simulated });
  const source = travelerSource({
    baseUrl: server.url,
    credentials: async () => server.credentials,
    concurrency: 4,
    retry: { tries: 3, baseMs: 1, longestMs: 2_000 },
    ...(typeof options === 'function' ? options(server) : options),
  });
  onTestFinished(async () => {
    await source.close();
    await server.stop();
  });
  return { server, source };
}

export async function readAll(source: TravelerSource): Promise<DevicePage[]> {
  const pages: DevicePage[] = [];
  for await (const page of source.pages()) pages.push(page);
  return pages;
}

export async function devicesOf(source: TravelerSource): Promise<ListedDevice[]> {
  return (await readAll(source)).flatMap((page) => page.devices);
}

export const named = ({ user, deviceId }: { user: string; deviceId: string }) => `${user}|${deviceId}`;

/** The names of everything the simulated server lists. */
export const present = (server: TravelerSimulator) =>
  Array.from({ length: server.deviceCount }, (_, index) => named(server.deviceAt(index)));

export async function failureOf(work: Promise<unknown>): Promise<TravelerFailure> {
  const outcome = await work.then(
    (value) => new Error(`succeeded with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (outcome instanceof TravelerFailure) return outcome;
  throw outcome;
}

export async function first(source: TravelerSource): Promise<ListedDevice> {
  for await (const { devices } of source.pages()) if (devices[0]) return devices[0];
  throw new Error('The list is empty');
}
