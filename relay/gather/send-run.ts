/** Sends a run that is complete on disk to the cloud: its beginning, its parts (a few at a time), its end. */
import pMap from 'p-map';
import type { Link, OutgoingMessage } from '../ports.ts';
import type { Snapshot, StagedRun } from '../snapshot/contract.ts';
import { SnapshotLost } from '../snapshot/failure.ts';

/** Parts in transit at once: each is sent only once there is room, so that a slow cloud does not fill the memory. */
const underWay = 4;

type Sending = { link: Link; snapshot: Pick<Snapshot, 'part'>; signal: AbortSignal };

export async function sendRun(run: StagedRun, { link, snapshot, signal }: Sending): Promise<void> {
  const { runId, scope, askedBase, server, totals, digest, parts } = run;
  const base = scope === 'delta' ? askedBase : null;
  await link.deliver({ type: 'gatherBegin', runId, scope, base, server }, { signal });
  const numbers = Array.from({ length: parts }, (_, part) => part);
  const sent = await sendParts(runId, numbers, { link, snapshot, signal });
  if (sent < parts) throw new SnapshotLost('parts of a run are not there any more');
  await link.deliver({ type: 'gatherEnd', runId, parts, totals, digest }, { signal });
}

/** Skips parts that do not exist (of another run, or numbers beyond its end). Resolves with the number of parts sent. */
export async function sendParts(runId: string, numbers: readonly number[], { link, snapshot, signal }: Sending): Promise<number> {
  const sent = await pMap(
    numbers,
    async (number) => {
      signal.throwIfAborted();
      const part = snapshot.part(runId, number);
      if (part === null) return 0;
      await link.deliver({ type: 'gatherPart', runId, part: number, ...part } satisfies OutgoingMessage, { signal });
      return 1;
    },
    { concurrency: underWay, signal },
  );
  return sent.reduce<number>((sum, one) => sum + one, 0);
}
