/**
 * Gathers at the relay: the cloud asks, the source is read, what differs from what the cloud has is told.
 *
 * One run at a time. It is:
 * - reading: entered with a command; the source is read into the snapshot's staging, nothing but progress is told. Left when
 *   the source was read to its end, when it fails (`gatherFailed`), or when a newer command comes (nothing is told). A restart
 *   reads it from the beginning again, while this relay still holds the lease that it was asked under.
 * - telling: the run is complete on disk; its parts are told from there until the cloud has acknowledged all of it. Left then, or
 *   when a newer command comes. A command for the same run, or a restart, tells it again: the same parts under the same numbers.
 *
 * What the cloud has is what it names as `base`: then the run before becomes the committed snapshot, or is forgotten.
 */
import { deviceHash } from '#adapters/fingerprint';
import type { GatherCommand } from '#domain/relay/relay-protocol';
import type { Link } from '../ports.ts';
import type { RunStart, StagedRun } from '../snapshot/contract.ts';
import { SnapshotLost } from '../snapshot/failure.ts';
import { describeProblem, inWords } from './describe-problem.ts';
import { noCounts } from './gather-state.ts';
import type { GatherNeeds, RelayGather } from './ports.ts';
import { progressOf } from './progress.ts';
import { readSource } from './read-source.ts';
import { sendParts, sendRun } from './send-run.ts';
import { singleRun } from './single-run.ts';

/** After a restart, a run older than this is not told any more: the cloud has given it up. */
const staleMs = 3_600_000;
const never = new AbortController().signal;

export function relayGather(needs: GatherNeeds): RelayGather {
  const { snapshot, source, log } = needs;
  const runs = singleRun();
  let problem: string | null = null;

  async function gather(command: GatherCommand, link: Link, signal: AbortSignal): Promise<void> {
    const before = source.requests;
    try {
      const staged = await complete(command, link, signal);
      problem = null;
      await tell(staged, link, signal);
    } catch (error) {
      signal.throwIfAborted();
      await fail(error, { command, link, signal, requests: source.requests - before });
    }
  }

  async function fail(
    error: unknown,
    { command, link, signal, requests }: { command: GatherCommand; link: Link; signal: AbortSignal; requests: number },
  ): Promise<void> {
    const trouble = describeProblem(error);
    const { runId } = command;
    log(trouble.kind === 'unknown' ? 'error' : 'warn', 'A gather failed', { runId, ...trouble, error: String(error) });
    problem = inWords(trouble);
    forget(runId);
    await link.deliver({ type: 'gatherFailed', runId, problem: trouble, requests }, { signal });
  }

  /** A snapshot that cannot be written to now has it read once more after a restart, and no more harm. */
  function forget(runId: string): void {
    try {
      snapshot.giveUp(runId);
    } catch (error) {
      log('warn', 'It could not be noted that a gather has failed', { runId, error: String(error) });
    }
  }

  /** The run on disk, read anew unless it is there already. A broken snapshot is an empty one. */
  async function complete(command: GatherCommand, link: Link, signal: AbortSignal): Promise<StagedRun> {
    try {
      return await read(command, link, signal);
    } catch (error) {
      if (error instanceof SnapshotLost) return read(command, link, signal);
      throw error;
    }
  }

  async function read(command: GatherCommand, link: Link, signal: AbortSignal): Promise<StagedRun> {
    const { runId, base, startedAt } = command;
    const pending = snapshot.pending();
    if (pending !== null && pending.runId === runId && pending.askedBase === base) return pending;
    const run: RunStart = { runId, askedBase: base, startedAt, scope: scopeTo(base) };
    const staging = snapshot.begin(run, command);
    const [counts, before] = [noCounts(), source.requests];
    const news = progressOf({ link, now: needs.now }, { runId, counts });
    const facts = source.facts();
    // Its failure counts once the list has been read; until then it is nobody's.
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
  function scopeTo(base: string | null): RunStart['scope'] {
    if (base === null) return 'full';
    if (snapshot.pending()?.digest === base) snapshot.commit();
    return snapshot.committed()?.digest === base ? 'delta' : 'full';
  }

  async function tell(run: StagedRun, link: Link, signal: AbortSignal): Promise<void> {
    await sendRun(run, { link, snapshot, signal });
    snapshot.markTold(run.runId);
  }

  return {
    gather: (command, link, signal) =>
      runs.start(keyOf(command.runId, command.base), signal, (both) => gather(command, link, both)),
    async resend(runId, parts, link) {
      const sent = await sendParts(runId, parts, { link, snapshot, signal: never });
      if (sent < parts.length) log('warn', 'Parts of a gather were asked for that are not here any more', { runId, sent });
    },
    async resume(link) {
      if (runs.isUnderWay) return;
      const isStale = ({ startedAt }: { startedAt: number }) => link.cloudNow() - startedAt > staleMs;
      const run = snapshot.pending();
      if (run !== null && !run.told && !isStale(run))
        return runs.start(keyOf(run.runId, run.askedBase), never, (signal) => tell(run, link, signal));
      const begun = snapshot.begun();
      if (begun === null || isStale(begun) || link.held()?.fence !== begun.fence) return;
      log('info', 'A gather that was cut off is read again', { runId: begun.runId });
      await runs.start(keyOf(begun.runId, begun.base), never, (signal) => gather(begun, link, signal));
    },
    digest: async () => snapshot.committed()?.digest ?? null,
    problems: () => (problem === null ? [] : [problem]),
    touched: (key) => snapshot.touch(deviceHash(key)),
    stop: () => runs.stop(),
  };
}

const keyOf = (runId: string, base: string | null): string => `${runId}|${base}`;
