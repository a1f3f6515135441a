/**
 * A source that fails as a whole (credentials turned away, unreachable, asking for patience) pauses its own actions: one alarm,
 * one try at a time, and no delay for other sources.
 *
 * - well: `pause` is null. Left when a try is turned away, cannot reach the server, or is told when to come back.
 * - paused: until a time that grows with each failure. New actions wait without touching the server. Left by time.
 * - probing: the time has come, and one action has taken the turn (it moves the time on, conditionally, so that only one does);
 *   its reading ends the pause, or makes it longer. A gather that succeeds ends it too.
 * When a pause ends, a message has everything sent that waits for the source (evaluate/resume.ts); the reaper is behind that.
 */
import { evaluationOutgoing } from '#adapters/evaluations-queue';
import type { TravelerFailure } from '#adapters/traveler/failure';
import { hasProblem, pausedUntil } from '#domain/actions/readiness';
import { delaySeconds, longestWait, slack } from '#domain/actions/retry';
import type { SourceState } from '#domain/devices/source';
import type { EvaluationMessage } from '#domain/messages/messages';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';
import type { ActDependencies, Try } from './dependencies.ts';

/** Wrong credentials: an account must not be locked by repetition. */
const leftAloneMs = 30 * 60_000;
/** Of a source that cannot be reached. */
const unreachable: BackoffPolicy = { firstMs: 15_000, longestMs: longestWait, jitter: 'half' };
/** A probe that was killed lets the next one have its turn after this. */
const probeMs = 60_000;

/** Until when the source is paused on account of this failure, epoch ms; null when it says nothing about the whole source. */
export async function pauseSource(
  deps: ActDependencies,
  { action: { sourceId }, sourceState: seen }: Try,
  { failure, stop }: { failure: TravelerFailure; stop: boolean },
): Promise<number | null> {
  const wait = waitOf(deps, seen, { failure, stop });
  if (wait === null) return null;
  const now = deps.now();
  const until = now + wait;
  const failures = (seen.pause?.failures ?? 0) + 1;
  const pause = { until, since: seen.pause?.since ?? now, failures, what: failure.problem.what };
  const problem = { ...failure.problem, kind: failure.kind, at: now };
  const change = { pause, problem, ...(stop ? { retryAt: until, refusedSecret: failure.secretVersion ?? null } : {}) };
  await resumeAfter(deps, sourceId, until);
  const first = await deps.sources.updateFrom(seen, change);
  // Somebody else told of the source in the meantime, and their word counts: another worker's pause, or a gather's success.
  if (!first) return (await deps.sources.read(sourceId)).pause?.until ?? null;
  if (!seen.pause) deps.alarm('The actions of a source are paused', { sourceId, ...failure.problem, until });
  return until;
}

function waitOf(
  deps: ActDependencies,
  { pause }: SourceState,
  { failure, stop }: { failure: TravelerFailure; stop: boolean },
): number | null {
  if (stop) return leftAloneMs;
  if (failure.retryAfterMs !== undefined) return Math.min(longestWait, Math.max(1000, failure.retryAfterMs));
  if (!failure.unreachable) return null;
  return Math.floor(backoffMs(unreachable, (pause?.failures ?? 0) + 1, deps.random()));
}

/** Takes the turn to try a source whose pause is over: the source as it is from then on; null when another action has it. */
export async function takeTurn(deps: ActDependencies, seen: SourceState): Promise<SourceState | null> {
  const pause = turnOf(deps, seen);
  if (pause === null) return seen;
  // Whoever moves the pause on sends what ends it: another worker may take the action over and let it wait for that.
  await resumeAfter(deps, seen.sourceId, pause.until);
  return (await deps.sources.updateFrom(seen, { pause })) ? { ...seen, pause } : null;
}

function turnOf(deps: ActDependencies, { pause, problem }: SourceState): NonNullable<SourceState['pause']> | null {
  const until = deps.now() + probeMs;
  if (pause) return { ...pause, until };
  // A gather was turned away: its hour is over, and one of ours tries first.
  if (problem?.kind !== 'denied') return null;
  return { until, since: problem.at, failures: 0, what: problem.what };
}

/** The server answers: whatever stood against the source is over, and what waits for it may go. */
export async function wellAgain(deps: ActDependencies, { sourceState, action: { sourceId } }: Try): Promise<void> {
  if (!hasProblem(sourceState)) return;
  // The message first, a moment ahead: killed in between, the pause stands, and the next try comes here again.
  await resumeAt(deps, sourceId, deps.now() + 1000);
  await deps.sources.updateFrom(sourceState, { pause: null, problem: null, retryAt: null });
}

/**
 * After an action was written as waiting for its source: what ended that wait between the look at the source and the writing did
 * not see it.
 */
export async function resumeIfOver(deps: ActDependencies, sourceId: string): Promise<void> {
  const now = deps.now();
  const paused = pausedUntil(await deps.sources.read(sourceId), now);
  // By the clock of whoever has just sent it on, it may have been over already.
  if (paused !== null && paused.until > now + slack) return;
  if (deps.reach(sourceId).how === 'relay' && (await deps.link.present(sourceId)) === null) return;
  await resumeAt(deps, sourceId, (paused?.until ?? now) + 1000);
}

/** The one that was sent to try a paused source ends, or waits for something else, without trying it: the next one has the turn. */
export async function passTurn(
  deps: ActDependencies,
  { action, sourceState }: Pick<Try, 'action' | 'sourceState'>,
): Promise<void> {
  const onTrial = hasProblem(sourceState) && pausedUntil(sourceState, deps.now()) === null;
  if (onTrial && action.waitsFor === 'source') await resumeAt(deps, action.sourceId, deps.now() + 1000);
}

const resumeAfter = (deps: ActDependencies, sourceId: string, pause: number) => resumeAt(deps, sourceId, pause, { pause });

async function resumeAt(deps: ActDependencies, sourceId: string, at: number, of: { pause?: number } = {}): Promise<void> {
  const body: EvaluationMessage = { kind: 'resume', sourceId, cause: 'the source may be well again', ...of };
  await deps.evaluations.send([evaluationOutgoing(body, delaySeconds(at, deps.now()))]);
}
