/** A relay's gathering half on a simulated Traveler server, with its snapshot in a temporary directory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { TravelerOptions } from '#adapters/traveler/contract';
import { travelerSource } from '#adapters/traveler/source';
import type { ListedDevice } from '#domain/devices/device';
import { parseFull } from '#domain/gather/traveler-record';
import type { GatherCommand } from '#domain/relay/relay-protocol';
import { type SimulatorOptions, startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { relayGather } from '../../../relay/gather/gather.ts';
import type { GatherNeeds, Reads } from '../../../relay/gather/ports.ts';
import { openSnapshot } from '../../../relay/snapshot/snapshot.ts';
import { restReads } from '../../../relay/sources/rest-reads.ts';
import { type Cloud, cloud } from './cloud.ts';

export const noon = Date.parse('2026-03-02T12:00:00Z');
export const minutes = 60_000;

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relay-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export type Side = Awaited<ReturnType<typeof relaySide>>;

type Options = SimulatorOptions & {
  traveler?: Partial<TravelerOptions>;
  cloud?: Cloud;
  needs?: Partial<GatherNeeds>;
  reads?: (server: TravelerSimulator) => Reads;
};

/** Starts at noon of a fixed day; `clock.now` moves time for cloud, relay and server. */
export async function relaySide({ traveler = {}, cloud: given, needs = {}, reads, ...simulated }: Options = {}) {
  const clock = { now: noon };
  const server = await startTravelerSimulator({ devices: 100, seed: 3, now: () => clock.now, ...simulated });
  const directory = temporaryDirectory();
  const logged: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const log: GatherNeeds['log'] = (level, message, fields) => void logged.push({ level, message, fields });
  const source =
    reads?.(server) ??
    restReads(
      travelerSource({
        ...{ baseUrl: server.url, credentials: async () => server.credentials, concurrency: 4, pageMultiplier: 1 },
        ...{ retry: { tries: 3, baseMs: 1, longestMs: 2_000 }, ...traveler },
      }),
    );
  const side = given ?? cloud();
  let last: number | null = null;
  let runs = 0;
  let snapshot = openSnapshot({ directory, of: server.url, log });
  const relay = () => relayGather({ sourceId: 'hq', source, snapshot, concurrency: 4, now: () => clock.now, log, ...needs });
  let gathering = relay();
  onTestFinished(async () => {
    gathering.stop();
    await source.close();
    await server.stop();
    snapshot.close();
  });

  return {
    ...{ clock, server, directory, logged, source, cloud: side, log },
    get relay() {
      return gathering;
    },
    get snapshot() {
      return snapshot;
    },
    /** One gather as the cloud requests it, a quarter of an hour after the previous one. */
    async gather(command: Partial<GatherCommand> = {}) {
      if (last !== null) clock.now += 15 * minutes;
      const disagreements = side.disagreements.length;
      const wanted = side.command(`run-${++runs}`, { startedAt: clock.now, since: last, ...command });
      side.clear();
      await gathering.gather(wanted, side.link, new AbortController().signal);
      const failed = side.receivedOf('gatherFailed')[0];
      if (failed === undefined) last = wanted.startedAt;
      return { wanted, failed, agreed: side.disagreements.length === disagreements };
    },
    /** As after a restart of the process. */
    restart() {
      gathering.stop();
      snapshot.close();
      snapshot = openSnapshot({ directory, of: server.url, log });
      gathering = relay();
    },
  };
}

/** What the server has, by device, according to its full records; without last sync, which is sent only now and then. */
export async function shownBy(server: TravelerSimulator): Promise<Map<string, unknown>> {
  const authorization = `Basic ${Buffer.from(`${server.credentials.user}:${server.credentials.password}`).toString('base64')}`;
  const shown = new Map<string, unknown>();
  for (let index = 0; shown.size < server.deviceCount; index++) {
    const { href } = server.deviceAt(index);
    const answer = await fetch(new URL(href, server.url), { headers: { authorization } });
    if (answer.status !== 200) continue;
    const found = parseFull((JSON.parse(await answer.text()) as { data: unknown }).data);
    if (found !== null) shown.set(nameOf(found), withoutLastSync(found));
  }
  return shown;
}

export const nameOf = ({ user, deviceId }: Pick<ListedDevice, 'user' | 'deviceId'>) => `${user}|${deviceId}`;
export const withoutLastSync = ({ lastSync: _, detailAt: __, ...row }: ListedDevice & { detailAt?: number | null }) => row;
export const shownTo = (side: Cloud) => new Map(side.rows.map((row) => [nameOf(row), withoutLastSync(row)]));
