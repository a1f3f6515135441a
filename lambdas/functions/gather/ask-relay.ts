/**
 * Asks the relay of an on-premises source to read it. The run then belongs to the relay until it has sent everything or a
 * failure; while the relay makes progress, nothing is requested twice, and no other run is requested: the relay would drop the
 * one it reads. A relay that falls silent, or one that takes over, is asked again, under another name of the run.
 */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { GatherRun, SourceState } from '#domain/devices/source';
import { askedAs } from '#domain/gather/relayed-run';
import type { GatherMessage } from '#domain/messages/queue-messages';
import type { GatherDependencies } from './dependencies.ts';

type Needs = Pick<GatherDependencies, 'configuration' | 'devices' | 'link' | 'runs' | 'gathers' | 'now'>;
/** `asked`: asked now, or before and it makes progress. `taken`: it reads another run; this one comes after that. */
export type AskedRelay = 'asked' | 'taken';
type Asking = { state: SourceState; run: GatherRun; message: GatherMessage; everyDetail: boolean; force: boolean };

/** The relay reports progress every two seconds; after this long without a report it has lost the run. */
const silentMs = 120_000;
const mostTimes = 6;
/** How many recent runs of a source are checked; no more can be open at once. */
const mostOpen = 10;
/** As many as the protocol allows; the relay reads the others anyway, because their records show that they are moving. */
const mostAttention = 1_000;
const recheckSeconds = 150;

/** `force`: what was requested before is not enough. Throws TravelerFailure when no relay is connected, or none answers. */
export async function askRelay(deps: Needs, { state, run, message, everyDetail, force }: Asking): Promise<AskedRelay> {
  const { link, runs, gathers, devices, now, configuration } = deps;
  const { sourceId, runId } = run;
  const at = now();
  const fence = await link.present(sourceId);
  if (fence === null) throw new NoRelay();
  const { asked } = run;
  const progresses = makesProgress(run, { fence, at }) && message.anew !== true;
  if (progresses && !force) return 'asked';
  const others = (await runs.lastRuns(sourceId, mostOpen, { consistent: true })).filter((other) => other.runId !== runId);
  if (others.some((other) => other.state === 'running' && makesProgress(other, { fence, at }))) return 'taken';
  const times = (asked?.times ?? 0) + 1;
  if (times > mostTimes) throw noAnswer();
  const startedAt = run.startedAt ?? at;
  await runs.update(run, { state: 'running', startedAt, asked: { times, fence, at, everyDetail }, problem: null });
  const { detailRefreshHours, lastSyncEveryHours } = configuration;
  const moving = await devices.moving(sourceId);
  const sent = await link.send(sourceId, (numbered) => ({
    type: 'gather',
    ...numbered,
    runId: askedAs(runId, times),
    base: everyDetail ? null : (state.relayDigest ?? null),
    details: everyDetail ? 'every' : 'rotation',
    detailRefreshHours,
    lastSyncEveryHours,
    since: state.lastCompleteGatherAt,
    startedAt,
    attention: [...moving].slice(0, mostAttention),
  }));
  if (sent === 'away') throw new NoRelay();
  const { told: _, anew: __, ...body } = message;
  await gathers.send([{ body, delaySeconds: recheckSeconds }]);
  return 'asked';
}

/** Whether the run was requested from this holder of the lease, which has made progress since. */
function makesProgress({ asked, heardAt = 0 }: GatherRun, { fence, at }: { fence: number; at: number }): boolean {
  return asked?.fence === fence && at - Math.max(asked.at, heardAt) < silentMs;
}

/** Not a failure of the source itself: the state of its relays is shown separately. */
export class NoRelay extends TravelerFailure {
  constructor() {
    super('transient', {
      what: 'No relay of this source is connected, so it cannot be read now',
      where: 'relay',
      remedy:
        'It is read as soon as a relay is back. Look at the relays in the console; on the machine near Domino, `relay doctor` names what is wrong.',
    });
  }
}

function noAnswer(): TravelerFailure {
  return new TravelerFailure('transient', {
    what: `The relay was asked ${mostTimes} times for this gather and never finished it`,
    where: 'relay',
    remedy: 'The next gather asks anew. The log of the relay says what keeps it; `relay doctor` tries each part on its own.',
  });
}
