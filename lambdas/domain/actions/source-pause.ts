/**
 * A source that fails as a whole (credentials rejected, unreachable, `Retry-After`) pauses its own actions: one alarm, one
 * attempt at a time, and no delay for other sources.
 *
 * - healthy: `pause` is null. Left when an attempt is denied, cannot reach the server, or is told to retry later.
 * - paused: for a time that grows with each failure. New actions wait without contacting the server. Left when the time is over.
 * - probing: the pause is over, and one action probes the source (it moves the pause on by a conditional write, so that only one
 *   does); its reading ends the pause, or makes it longer. A successful gather ends it too.
 */
import type { Attempt, Moment, StepOf } from '#domain/actions/attempt';
import type { SourceFailure } from '#domain/actions/failure-consequences';
import { hasProblem, pausedUntil } from '#domain/actions/readiness';
import { longestWait } from '#domain/actions/retry';
import type { SourcePause } from '#domain/devices/source';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';

type Source = Attempt['source'];

/** After wrong credentials, ms: retries must not lock the account. */
export const leftAloneMs = 30 * 60_000;
export const unreachablePause: BackoffPolicy = { firstMs: 15_000, longestMs: longestWait, jitter: 'half' };
/** If a probe is killed, the next one may start after this time. */
const probeMs = 60_000;

type Failed = { failure: SourceFailure; stop: boolean };

/** How the source is paused after this failure; null when it does not concern the whole source. `stop`: credentials failed. */
export function pauseAfter(source: Source, { failure, stop }: Failed, { now, random }: Moment): StepOf<'pause-source'> | null {
  const wait = waitAfter(source, { failure, stop }, random);
  if (wait === null) return null;
  const until = now + wait;
  const failures = (source.pause?.failures ?? 0) + 1;
  const pause = { until, since: source.pause?.since ?? now, failures, what: failure.problem.what };
  const problem = { ...failure.problem, kind: failure.kind, at: now };
  const change = { pause, problem, ...(stop ? { retryAt: until, refusedSecret: failure.secretVersion ?? null } : {}) };
  return { do: 'pause-source', failure, until, change, alarm: !source.pause };
}

function waitAfter({ pause }: Source, { failure, stop }: Failed, random: number): number | null {
  if (stop) return leftAloneMs;
  if (failure.retryAfterMs !== undefined) return Math.min(longestWait, Math.max(1000, failure.retryAfterMs));
  if (!failure.unreachable) return null;
  return Math.floor(backoffMs(unreachablePause, (pause?.failures ?? 0) + 1, random));
}

/** The pause as written by the attempt that probes the source; null for a source without a problem. */
export function probeOf({ pause, problem }: Source, now: number): SourcePause | null {
  const until = now + probeMs;
  if (pause) return { ...pause, until };
  // A gather was denied: its pause is over, and an action probes the source first.
  if (problem?.kind !== 'denied') return null;
  return { until, since: problem.at, failures: 0, what: problem.what };
}

/** The action was sent to probe a source whose pause is over: if it does not, another one has to. */
export const holdsTurn = ({ action, source }: Pick<Attempt, 'action' | 'source'>, now: number): boolean =>
  action.waitsFor === 'source' && hasProblem(source) && pausedUntil(source, now) === null;
