/**
 * Stores what was read of devices, a batch at a time, and updates their entries in the manifest once they are stored. Collects
 * the users whose verdicts may have changed; they are sent to evaluation before the manifest is committed.
 */
import pMap from 'p-map';
import type { Device } from '#domain/devices/device';
import { stalePrint } from '#domain/gather/manifest';
import { type Observation, observe } from '#domain/gather/observe-device';
import { seenAs } from '#domain/quarantine/settings';
import type { GatherDependencies, Gathering } from './dependencies.ts';
import type { DetailRead } from './read-detail.ts';
import type { RunCounters } from './run-counters.ts';

type Seen = Exclude<DetailRead, { look: 'gone' }>;
type Observed = Seen & { stored: Device | null; observation: Observation };

const updatesAtOnce = 16;
const tries = 5;

export type Recorder = {
  record(batch: readonly Seen[]): Promise<void>;
  /** Users to be evaluated, collected since the last call. */
  takeUsers(): string[];
};

export function recorder({ devices }: Pick<GatherDependencies, 'devices'>, gathering: Gathering, tally: RunCounters): Recorder {
  const { source, run, startedAt, baseline, state, manifest } = gathering;
  const { baselineRuns } = state;
  const baselineRepeated =
    baseline !== null && baselineRuns.includes(baseline) && state.settingsSeen === seenAs(gathering.settings);
  const context = { sourceId: source.id, runId: run.runId, at: startedAt, baseline, baselineRuns, baselineRepeated };
  let users = new Set<string>();

  function observed(seen: Seen, stored: Device | null): Observed {
    return { ...seen, stored, observation: observe(stored, seen.look, context) };
  }

  /** When another writer changed the device since it was read, it is read and compared reread. */
  async function update(one: Observed, left = tries): Promise<void> {
    if (one.stored === null || one.observation.same) return;
    if (await devices.update(one.stored, one.observation.device, one.observation.lines)) return;
    if (left <= 1) throw new Error(`A device was written by others ${tries} times in a row while a gather stored it`);
    const reread = await devices.read([one.stored]);
    return update(observed(one, [...reread.values()][0] ?? null), left - 1);
  }

  function updateEntry({ work, unread, observation }: Observed): void {
    manifest.settle(work.hash, unread ? stalePrint(work.print) : work.print);
    if (observation.decides) users.add(observation.device.user);
  }

  return {
    async record(batch) {
      const keys = batch.map(({ look }) => ({ sourceId: source.id, user: look.row.user, deviceId: look.row.deviceId }));
      const known = await devices.read(keys);
      const all = batch.map((seen) => observed(seen, known.get(seen.work.hash) ?? null));
      const fresh = all.filter(({ stored }) => stored === null);
      const changed = all.filter(({ stored, observation }) => stored !== null && !observation.same);
      gathering.guard();
      await devices.putNew(fresh.map(({ observation }) => observation));
      await pMap(changed, (one) => update(one), { concurrency: updatesAtOnce });
      all.forEach(updateEntry);
      tally.counts.added += fresh.length;
      // A new last sync alone is stored from time to time, and does not count as a change.
      tally.counts.changed += changed.filter(({ observation }) => observation.lines.length > 0 || observation.decides).length;
    },
    takeUsers() {
      const taken = [...users];
      users = new Set();
      return taken;
    },
  };
}
