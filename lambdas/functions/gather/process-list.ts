/** The middle of a gather: the list is streamed, full records are read beside it, and batches are stored as they fill. */
import { pMapIterable } from 'p-map';
import { TravelerFailure } from '#adapters/traveler/failure';
import { sparing } from '#adapters/traveler/full-record';
import type { ListedDevice } from '#domain/devices/device';
import type { NeedContext } from '#domain/gather/detail-policy';
import type { GatherDependencies, Gathering } from './dependencies.ts';
import { type DetailRead, readDetail } from './read-detail.ts';
import { type ListReader, listReader } from './read-list.ts';
import type { Recorder } from './record-devices.ts';
import type { RunCounters } from './run-counters.ts';

const batchSize = 100;
/** Looks in hand at once, those being stored included: the list waits when there are more. */
const inHand = 256;

type Seen = Exclude<DetailRead, { look: 'gone' }>;
export type ProcessedList = Pick<ListReader, 'seen' | 'outcome'> & {
  /** Hashes of what this invocation has stored: the rest of what the run owes is still to be done. */
  done: ReadonlySet<string>;
};

/** Never throws for a failure of the source: what was seen before it is stored, and `outcome` says what happened. */
export async function processList(
  { now }: Pick<GatherDependencies, 'now'>,
  gathering: Gathering,
  { context, tally, recorder }: { context: NeedContext; tally: RunCounters; recorder: Recorder },
): Promise<ProcessedList> {
  const reader = listReader(gathering, context, tally);
  const done = new Set<string>();
  const { traveler, baseline } = gathering;
  const reading = {
    now,
    read: ({ href }: ListedDevice) => traveler.detail(href),
    spare: sparing({ inBaseline: baseline !== null }),
  };
  let failure: TravelerFailure | null = null;
  let batch: Seen[] = [];

  async function store(): Promise<void> {
    const full = batch;
    batch = [];
    if (full.length > 0) await recorder.record(full);
    for (const { work } of full) done.add(work.hash);
    tally.news();
  }
  function take(looked: DetailRead): void {
    if (looked.look !== 'gone') batch.push({ ...looked, look: looked.look });
    else if (looked.work.index >= 0) reader.seen[looked.work.index] = 0;
  }

  async function* untilFailure() {
    for await (const work of reader.works()) {
      if (failure !== null) return;
      yield work;
    }
  }
  const looks = pMapIterable(
    untilFailure(),
    async (work): Promise<DetailRead | null> => {
      if (failure !== null) return null;
      try {
        const looked = await readDetail(work, reading);
        if (work.need === 'detail' && work.row.detail === null) tally.counts.details++;
        return looked;
      } catch (error) {
        if (!(error instanceof TravelerFailure)) throw error;
        failure ??= error;
        return null;
      }
    },
    {
      concurrency: gathering.concurrency,
      backpressure: Math.max(inHand, gathering.concurrency),
      preserveOrder: false,
    },
  );
  for await (const looked of looks) {
    if (looked !== null) take(looked);
    if (batch.length >= batchSize) await store();
  }
  await store();
  return { seen: reader.seen, done, outcome: failure === null ? reader.outcome : { state: 'failed', failure } };
}
