/**
 * Gathers at the relay: the cloud requests one, the source is read, and what differs from the cloud's copy is sent.
 *
 * One run at a time (single-run.ts). It is:
 * - reading: entered with a command; the source is read into the snapshot's staging, and only progress is sent. Left when the
 *   source has been read to its end, when it fails (`gatherFailed`), or when a newer command arrives (nothing is sent). A restart
 *   reads it again from the beginning, as long as this relay still holds the lease under which it was requested.
 * - sending: the run is complete on disk; its parts are sent from there until the cloud has acknowledged all of them. Left then, or
 *   when a newer command arrives. A command for the same run, or a restart, sends it again: same parts, same part numbers.
 *
 * Invariants: the command's `base` says what the cloud has: it decides whether the previous run becomes the committed snapshot or is
 * dropped; a failed run is reported to the cloud, logged with its cause, and is a problem until a run is complete.
 */
import { deviceHash } from '#adapters/fingerprint';
import { errorFields } from '../log/log-failure.ts';
import type { Link } from '../ports.ts';
import type { StagedRun } from '../snapshot/contract.ts';
import { completeRun, type GatherRequest } from './complete-run.ts';
import { describeProblem, sentence } from './describe-problem.ts';
import type { GatherNeeds, RelayGather } from './ports.ts';
import { sendParts, sendRun } from './send-run.ts';
import { type SingleRun, singleRun } from './single-run.ts';

type State = GatherNeeds & { readonly runs: SingleRun; problem: string | null };

/** After a restart, a run older than this is no longer sent: the cloud has abandoned it. */
const staleMs = 3_600_000;
const never = new AbortController().signal;

export function relayGather(needs: GatherNeeds): RelayGather {
  const { snapshot } = needs;
  const runs = singleRun();
  const state: State = { ...needs, runs, problem: null };
  return {
    gather: (command, link, signal) =>
      runs.start(keyOf(command.runId, command.base), signal, (both) => gather(state, { command, link, signal: both })),
    resend: (runId, parts, link) => resend(state, { runId, parts }, link),
    resume: (link) => resume(state, link),
    digest: async () => snapshot.committed()?.digest ?? null,
    problems: () => (state.problem === null ? [] : [state.problem]),
    touched: (key) => snapshot.touch(deviceHash(key)),
    stop: () => runs.stop(),
  };
}

async function gather(state: State, request: GatherRequest): Promise<void> {
  const before = state.source.requests;
  try {
    const staged = await completeRun(state, request);
    state.problem = null;
    await send(state, staged, request);
  } catch (error) {
    request.signal.throwIfAborted();
    await fail(state, request, { error, requests: state.source.requests - before });
  }
}

async function fail(
  state: State,
  { command: { runId }, link, signal }: GatherRequest,
  { error, requests }: { error: unknown; requests: number },
): Promise<void> {
  const problem = describeProblem(error);
  const level = problem.kind === 'unknown' ? 'error' : 'warn';
  state.log(level, 'A gather failed', { runId, ...problem, ...errorFields(error) });
  state.problem = sentence(problem);
  forget(state, runId);
  await link.deliver({ type: 'gatherFailed', runId, problem, requests }, { signal });
}

/** If the snapshot cannot be written to, a restart reads the source once more; nothing worse happens. */
function forget({ snapshot, log }: State, runId: string): void {
  try {
    snapshot.abandon(runId);
  } catch (error) {
    log('warn', 'It could not be noted that a gather has failed', { runId, ...errorFields(error) });
  }
}

async function send(
  { snapshot }: State,
  run: StagedRun,
  { link, signal }: Pick<GatherRequest, 'link' | 'signal'>,
): Promise<void> {
  await sendRun(run, { link, snapshot, signal });
  snapshot.markAcknowledged(run.runId);
}

type Resent = { runId: string; parts: readonly number[] };

async function resend({ snapshot, log }: State, { runId, parts }: Resent, link: Link): Promise<void> {
  const sent = await sendParts(runId, parts, { link, snapshot, signal: never });
  if (sent < parts.length) log('warn', 'Parts of a gather were asked for that are not here any more', { runId, sent });
}

/** Sends the complete run again, or repeats an interrupted read, unless the cloud has abandoned it. */
async function resume(state: State, link: Link): Promise<void> {
  const { snapshot, runs, log } = state;
  if (runs.isUnderWay) return;
  const isStale = ({ startedAt }: { startedAt: number }) => link.cloudNow() - startedAt > staleMs;
  const run = snapshot.pending();
  if (run !== null && !run.told && !isStale(run))
    return runs.start(keyOf(run.runId, run.askedBase), never, (signal) => send(state, run, { link, signal }));
  const begun = snapshot.begun();
  if (begun === null || isStale(begun) || link.held()?.fence !== begun.fence) return;
  log('info', 'A gather that was cut off is read again', { runId: begun.runId });
  await runs.start(keyOf(begun.runId, begun.base), never, (signal) => gather(state, { command: begun, link, signal }));
}

const keyOf = (runId: string, base: string | null): string => `${runId}|${base}`;
