/** The middle of a gather: streams the list, reads full records concurrently, and stores batches as they fill. */
import { pMapIterable } from 'p-map';
import { TravelerFailure } from '#adapters/traveler/failure';
import { sparing } from '#adapters/traveler/full-record';
import type { ListedDevice } from '#domain/devices/device';
import type { NeedContext } from '#domain/gather/detail-policy';
import type { GatherDependencies, Gathering } from './dependencies.ts';
import { type DetailRead, readDetail, type Work } from './read-detail.ts';
import { type ListReader, listReader } from './read-list.ts';
import type { Recorder } from './record-devices.ts';
import type { RunCounters } from './run-counters.ts';

const batchSize = 100;
/** Maximum number of records in memory, including those being stored: the list waits when there are more. */
const inHand = 256;

type Seen = Exclude<DetailRead, { look: 'gone' }>;
export type ProcessedList = Pick<ListReader, 'seen' | 'outcome'> & {
  /** Hashes of what this invocation has stored: the rest of the run is still to be done. */
  done: ReadonlySet<string>;
};

type Processing = { context: NeedContext; tally: RunCounters; recorder: Recorder };
/** Changed in place. `failure`: the first failure of the source; nothing more is read after it. */
type State = { failure: TravelerFailure | null; batch: Seen[]; done: Set<string> };

/** Does not throw on a failure of the source: what was read before it is stored, and `outcome` says what happened. */
export async function processList(
  { now }: Pick<GatherDependencies, 'now'>,
  gathering: Gathering,
  { context, tally, recorder }: Processing,
): Promise<ProcessedList> {
  const reader = listReader(gathering, context, tally);
  const state: State = { failure: null, batch: [], done: new Set() };
  for await (const read of detailReads({ now }, gathering, { reader, state, tally })) {
    if (read !== null) take(state, read, reader);
    if (state.batch.length >= batchSize) await store(state, { tally, recorder });
  }
  await store(state, { tally, recorder });
  const { done, failure } = state;
  return { seen: reader.seen, done, outcome: failure === null ? reader.outcome : { state: 'failed', failure } };
}

type Reading = { reader: ListReader; state: State; tally: RunCounters };

/** Full records, several at a time and in any order; null for one that was not read because the source has failed. */
function detailReads({ now }: Pick<GatherDependencies, 'now'>, gathering: Gathering, { reader, state, tally }: Reading) {
  const { traveler, baseline, concurrency } = gathering;
  const reading = {
    now,
    read: ({ href }: ListedDevice) => traveler.detail(href),
    spare: sparing({ inBaseline: baseline !== null }),
  };
  async function readOne(work: Work): Promise<DetailRead | null> {
    if (state.failure !== null) return null;
    try {
      const read = await readDetail(work, reading);
      if (work.need === 'detail' && work.row.detail === null) tally.counts.details++;
      return read;
    } catch (error) {
      if (!(error instanceof TravelerFailure)) throw error;
      state.failure ??= error;
      return null;
    }
  }
  const options = { concurrency, backpressure: Math.max(inHand, concurrency), preserveOrder: false };
  return pMapIterable(untilFailure(reader, state), readOne, options);
}

async function* untilFailure(reader: ListReader, state: Pick<State, 'failure'>) {
  for await (const work of reader.works()) {
    if (state.failure !== null) return;
    yield work;
  }
}

function take(state: Pick<State, 'batch'>, read: DetailRead, { seen }: Pick<ListReader, 'seen'>): void {
  if (read.look !== 'gone') state.batch.push({ ...read, look: read.look });
  else if (read.work.index >= 0) seen[read.work.index] = 0;
}

async function store(state: State, { tally, recorder }: Pick<Processing, 'tally' | 'recorder'>): Promise<void> {
  const full = state.batch;
  state.batch = [];
  if (full.length > 0) await recorder.record(full);
  for (const { work } of full) state.done.add(work.hash);
  tally.noteProgress();
}
