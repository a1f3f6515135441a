/**
 * Asks the relay of an on-premises source to read it. The run is then the relay's until it has sent everything (or why not);
 * while the relay makes progress, nothing is requested twice, and no other run is requested: the relay would drop the one it
 * reads. A relay that falls silent, or another one that takes over, is asked again, under another name of the run.
 */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { GatherRun, SourceState } from '#domain/devices/source';
import { askedAs } from '#domain/gather/relayed-run';
import type { GatherMessage } from '#domain/messages/messages';
import type { GatherDependencies } from './dependencies.ts';

type Needs = Pick<GatherDependencies, 'configuration' | 'devices' | 'link' | 'runs' | 'gathers' | 'now'>;
/** `asked`: now, or before and it is at it. `taken`: it reads another run; this one has its turn after that. */
export type AskedRelay = 'asked' | 'taken';
type Asking = { state: SourceState; run: GatherRun; message: GatherMessage; everyDetail: boolean; force: boolean };

/** Progress comes every two seconds; a relay that says nothing for so long has lost the run. */
const silentMs = 120_000;
const mostTimes = 6;
/** Runs of a source that may be open at once, and are looked at. */
const mostOpen = 10;
/** As many as the protocol takes; the relay looks at the others by itself, as their records show what moves. */
const mostAttention = 1_000;
const lookAgainSeconds = 150;

/** `force`: what was requested before is not enough. Throws TravelerFailure when no relay is connected, or none answers. */
export async function askRelay(deps: Needs, { state, run, message, everyDetail, force }: Asking): Promise<AskedRelay> {
  const { link, runs, gathers, devices, now, configuration } = deps;
  const { sourceId, runId } = run;
  const at = now();
  const fence = await link.present(sourceId);
  if (fence === null) throw new NoRelay();
  const { asked } = run;
  const heard = isHeard(run, { fence, at }) && message.anew !== true;
  if (heard && !force) return 'asked';
  const others = (await runs.lastRuns(sourceId, mostOpen, { consistent: true })).filter((other) => other.runId !== runId);
  if (others.some((other) => other.state === 'running' && isHeard(other, { fence, at }))) return 'taken';
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
  const { told: _, anew: __, ...again } = message;
  await gathers.send([{ body: again, delaySeconds: lookAgainSeconds }]);
  return 'asked';
}

/** Requested from this holder of the lease, which made progress since. */
function isHeard({ asked, heardAt = 0 }: GatherRun, { fence, at }: { fence: number; at: number }): boolean {
  return asked?.fence === fence && at - Math.max(asked.at, heardAt) < silentMs;
}

/** Says nothing of the source itself: how its relays are is shown on its own. */
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
