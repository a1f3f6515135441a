/** The run that a command requests, complete on disk: read from the source unless it is already there. */
import type { GatherCommand } from '#domain/relay/relay-protocol';
import type { Link } from '../ports.ts';
import type { RunStart, Snapshot, StagedRun } from '../snapshot/contract.ts';
import { SnapshotLost } from '../snapshot/failure.ts';
import { noCounts } from './gather-state.ts';
import type { GatherNeeds } from './ports.ts';
import { progressOf } from './progress.ts';
import { readSource } from './read-source.ts';

/** A command with the link to respond over, and the signal that ends the work. */
export type GatherRequest = { command: GatherCommand; link: Link; signal: AbortSignal };

/** Throws TravelerFailure, SnapshotFailure, SnapshotLost, and the signal's reason. */
export async function completeRun(needs: GatherNeeds, request: GatherRequest): Promise<StagedRun> {
  try {
    return await readRun(needs, request);
  } catch (error) {
    // The broken snapshot has been replaced by an empty one.
    if (error instanceof SnapshotLost) return readRun(needs, request);
    throw error;
  }
}

async function readRun(needs: GatherNeeds, { command, link, signal }: GatherRequest): Promise<StagedRun> {
  const { snapshot, source, log } = needs;
  const { runId, base, startedAt } = command;
  const pending = snapshot.pending();
  if (pending !== null && pending.runId === runId && pending.askedBase === base) return pending;
  const run: RunStart = { runId, askedBase: base, startedAt, scope: scopeFrom(snapshot, base) };
  const staging = snapshot.begin(run, command);
  const [counts, before] = [noCounts(), source.requests];
  const countsChanged = progressOf({ link, now: needs.now }, { runId, counts });
  const facts = source.facts();
  // Awaited once the list has been read; this keeps an earlier rejection from being unhandled.
  facts.catch(() => undefined);
  // Everything is read after the cloud's request, however wrong its clock looks from here over a bad line. A record with an earlier
  // time than an action's read would be ignored, and the cloud would keep an outdated state.
  const cloudNow = () => Math.max(link.cloudNow(), command.startedAt);
  await readSource({ ...needs, command, run, staging, signal, counts, countsChanged, cloudNow });
  const server = await facts;
  signal.throwIfAborted();
  const { detailsWanted: _, ...totals } = { ...counts, requests: source.requests - before };
  const staged = staging.complete({ server, totals });
  log('info', 'A gather is complete', { runId, scope: staged.scope, parts: staged.parts, ...totals });
  return staged;
}

/** The cloud's base decides whether the previous run is committed, and what the next one is compared with. */
function scopeFrom(snapshot: Snapshot, base: string | null): RunStart['scope'] {
  if (base === null) return 'full';
  if (snapshot.pending()?.digest === base) snapshot.commit();
  return snapshot.committed()?.digest === base ? 'delta' : 'full';
}
