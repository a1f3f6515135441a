/**
 * Parts of a relayed gather that are missing when the run is processed: they were lost in transit, so the relay is asked to send
 * them again. This does not count as an attempt. After a few requests, with growing pauses of up to a minute, the run fails.
 */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { GatherRun } from '#domain/devices/source';
import type { GatherMessage } from '#domain/messages/queue-messages';
import { backoffMs } from '#domain/time/backoff';
import { attemptsOf } from './begin.ts';
import type { GatherDependencies } from './dependencies.ts';
import type { PartsMissing } from './relay-list.ts';

const mostRequests = 10;
const waits = { firstMs: 3_000, longestMs: 60_000, jitter: 'none' } as const;

type Waiting = { run: GatherRun; message: GatherMessage };

/** Requests the parts, and the run again a little later. Its count of attempts stays the same. */
export async function requestParts(
  { link, runs, gathers, log }: Pick<GatherDependencies, 'link' | 'runs' | 'gathers' | 'log'>,
  { run, message }: Waiting,
  { parts, total }: PartsMissing,
): Promise<'waiting'> {
  const { sourceId } = run;
  const requests = partsRequestsOf(run) + 1;
  const sent = await link.send(sourceId, ({ n }) => ({
    type: 'resend',
    n,
    runId: message.told?.asked ?? run.runId,
    parts: [...parts],
  }));
  log('warn', 'Parts of a relayed gather are missing; the relay is asked to send them again', {
    ...{ sourceId, runId: run.runId, missing: parts.length, parts: total, requests, sent },
  });
  await runs.update(run, { attempts: attemptsOf(run), partsRequests: requests });
  await gathers.send([{ body: message, delaySeconds: backoffMs(waits, requests, 0) / 1000 }]);
  return 'waiting';
}

export const isOutOfRequests = (run: GatherRun): boolean => partsRequestsOf(run) >= mostRequests;

export function partsNeverArrived({ parts, total }: PartsMissing): TravelerFailure {
  return new TravelerFailure('transient', {
    what: `${parts.length} of ${total} parts of what the relay read never arrived, though it was asked ${mostRequests} times to send them again`,
    where: 'relay',
    remedy:
      'The next gather reads the source again. If it ends like this again, look at the log of the relay; `relay doctor` tries each part on its own.',
  });
}

const partsRequestsOf = ({ partsRequests = 0 }: GatherRun): number => partsRequests;
