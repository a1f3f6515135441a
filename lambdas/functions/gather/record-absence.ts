/** After a complete list: devices that it no longer contains are missing, and those missing for long enough are removed. */
import pMap from 'p-map';
import type { Device } from '#domain/devices/device';
import { isRemoved, missingMinutes } from '#domain/gather/gather-schedule';
import type { TimelineEntry } from '#domain/journal/timeline';
import type { GatherDependencies, Gathering } from './dependencies.ts';
import type { RunCounters } from './run-counters.ts';

const atOnce = 16;
const tries = 5;

/** `seen`: by manifest index. Returns the users who have fewer devices now. Idempotent. */
export async function recordAbsence(
  { devices, configuration }: Pick<GatherDependencies, 'devices' | 'configuration'>,
  gathering: Gathering,
  { seen, tally }: { seen: Uint8Array; tally: RunCounters },
): Promise<string[]> {
  const { manifest, source, startedAt } = gathering;
  const { removeAfterHours } = configuration;
  const unseen = Array.from(seen.keys()).filter((index) => !seen[index]);
  const fewer = new Set<string>();

  await pMap(unseen, (index) => absent(index), { concurrency: atOnce });
  return [...fewer];

  async function absent(index: number): Promise<void> {
    const since = manifest.missingSince(index);
    if (since === null) {
      const stored = await change(index, 'missing');
      if (stored?.presence === 'removed') return manifest.drop(index);
      manifest.markMissing(index, missingMinutes(startedAt));
      tally.counts.missing++;
      return;
    }
    if (!isRemoved(since, { now: startedAt, removeAfterHours })) return;
    const removed = await change(index, 'removed');
    manifest.drop(index);
    tally.counts.removed++;
    if (removed !== null) fewer.add(removed.user);
  }

  async function change(index: number, presence: 'missing' | 'removed', left = tries): Promise<Device | null> {
    const key = await devices.locate(source.id, manifest.hashAt(index));
    const stored = key === null ? undefined : [...(await devices.read([key])).values()][0];
    if (stored === undefined || stored.presence === presence) return stored ?? null;
    gathering.guard();
    const device = absentNow(stored, presence, startedAt);
    const lines = stored.presence === 'removed' ? [] : [line(presence, gathering, stored)];
    if (device === stored || (await devices.update(stored, device, lines))) return device;
    if (left <= 1) throw new Error(`A device was written by others ${tries} times in a row while a gather stored it`);
    return change(index, presence, left - 1);
  }
}

/** A device that our own action removed stays removed; it is now confirmed that the server no longer lists it. */
function absentNow(stored: Device, presence: 'missing' | 'removed', at: number): Device {
  if (stored.presence !== 'removed') return { ...stored, presence, missingSince: stored.missingSince ?? at };
  return stored.removal && stored.removal.at < at ? { ...stored, removal: null } : stored;
}

function line(kind: 'missing' | 'removed', { startedAt, run }: Gathering, stored: Device): TimelineEntry {
  const says =
    kind === 'missing'
      ? 'The server no longer lists this device. It may come back; until it counts as removed nothing follows from this.'
      : 'Removed: the server has not listed this device for the time after which it counts as removed.';
  return {
    at: startedAt,
    id: `${kind}|${run.runId}`,
    kind,
    says,
    data: { changes: [{ field: 'presence', before: stored.presence, after: kind }] },
  };
}
