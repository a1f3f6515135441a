/** The run that a command asks for, complete on disk: read from the source, unless it is there already. */
import type { GatherCommand } from '#domain/relay/relay-protocol';
import type { Link } from '../ports.ts';
import type { RunStart, Snapshot, StagedRun } from '../snapshot/contract.ts';
import { SnapshotLost } from '../snapshot/failure.ts';
import { noCounts } from './gather-state.ts';
import type { GatherNeeds } from './ports.ts';
import { progressOf } from './progress.ts';
import { readSource } from './read-source.ts';

/** What a command came with: the link to answer over, and the signal that ends the work. */
export type Asked = { command: GatherCommand; link: Link; signal: AbortSignal };

/** Throws TravelerFailure, SnapshotFailure, SnapshotLost, and the signal's reason. */
export async function completeRun(needs: GatherNeeds, asked: Asked): Promise<StagedRun> {
  try {
    return await readRun(needs, asked);
  } catch (error) {
    // A snapshot that was broken is an empty one by now.
    if (error instanceof SnapshotLost) return readRun(needs, asked);
    throw error;
  }
}

async function readRun(needs: GatherNeeds, { command, link, signal }: Asked): Promise<StagedRun> {
  const { snapshot, source, log } = needs;
  const { runId, base, startedAt } = command;
  const pending = snapshot.pending();
  if (pending !== null && pending.runId === runId && pending.askedBase === base) return pending;
  const run: RunStart = { runId, askedBase: base, startedAt, scope: scopeFrom(snapshot, base) };
  const staging = snapshot.begin(run, command);
  const [counts, before] = [noCounts(), source.requests];
  const news = progressOf({ link, now: needs.now }, { runId, counts });
  const facts = source.facts();
  // Awaited once the list has been read: until then its failure is not unhandled.
  facts.catch(() => undefined);
  // What is read now is read after the cloud asked, however wrong a bad line makes its clock look from here: a record that
  // looked older than an action's reading would be passed over, and the cloud would keep a state that is gone.
  const cloudNow = () => Math.max(link.cloudNow(), command.startedAt);
  await readSource({ ...needs, command, run, staging, signal, counts, news, cloudNow });
  const server = await facts;
  signal.throwIfAborted();
  const { detailsWanted: _, ...totals } = { ...counts, requests: source.requests - before };
  const staged = staging.complete({ server, totals });
  log('info', 'A gather is complete', { runId, scope: staged.scope, parts: staged.parts, ...totals });
  return staged;
}

/** What the cloud has decides what becomes of the run before, and what the next one is compared with. */
function scopeFrom(snapshot: Snapshot, base: string | null): RunStart['scope'] {
  if (base === null) return 'full';
  if (snapshot.pending()?.digest === base) snapshot.commit();
  return snapshot.committed()?.digest === base ? 'delta' : 'full';
}
