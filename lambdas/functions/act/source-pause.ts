/**
 * The stored pause of a source (domain/actions/source-pause.ts): written only while the source is unchanged since it was read.
 */
import { evaluationOutgoing } from '#adapters/evaluations-queue';
import type { SourceChange } from '#domain/actions/attempt';
import type { SourceFailure } from '#domain/actions/failure-consequences';
import { hasProblem, pausedUntil } from '#domain/actions/readiness';
import { clockTolerance, delaySeconds } from '#domain/actions/retry';
import type { SourcePause, SourceState } from '#domain/devices/source';
import type { EvaluationMessage } from '#domain/messages/queue-messages';
import type { ActDependencies } from './dependencies.ts';

type Pausing = { failure: SourceFailure; until: number; change: SourceChange; alarm: boolean };

/** Until when the source is now paused, epoch ms; null when another worker or a gather has just found it healthy. */
export async function pauseSource(deps: ActDependencies, seen: SourceState, pausing: Pausing): Promise<number | null> {
  const { failure, until, change, alarm } = pausing;
  const { sourceId } = seen;
  await resumeAfter(deps, sourceId, until);
  const isFirst = await deps.sources.updateFrom(seen, change);
  // Newer information about the source counts: another worker's pause, or a gather's success.
  if (!isFirst) return (await deps.sources.read(sourceId)).pause?.until ?? null;
  if (alarm) deps.alarm('The actions of a source are paused', { sourceId, ...failure.problem, until });
  return until;
}

/**
 * Claims the one probe of a source whose pause is over. Returns the source from then on; null when another action has the
 * probe.
 */
export async function takeTurn(deps: ActDependencies, seen: SourceState, probe: SourcePause | null): Promise<SourceState | null> {
  if (probe === null) return seen;
  // Whoever extends the pause also sends the message that ends it: another worker's action may wait for that message.
  await resumeAfter(deps, seen.sourceId, probe.until);
  return (await deps.sources.updateFrom(seen, { pause: probe })) ? { ...seen, pause: probe } : null;
}

/** The server responds: the problem of the source is over, and actions that wait for it may be sent. */
export async function markHealthy(deps: ActDependencies, source: SourceState): Promise<void> {
  if (!hasProblem(source)) return;
  // The message first, slightly delayed: after a crash in between, the pause still holds, and the next attempt does this again.
  await resumeAt(deps, source.sourceId, deps.now() + 1000);
  await deps.sources.updateFrom(source, { pause: null, problem: null, retryAt: null });
}

/** To be called after an action was written as waiting for its source: a message that ended the pause just before missed it. */
export async function resumeIfOver(deps: ActDependencies, sourceId: string): Promise<void> {
  const now = deps.now();
  const paused = pausedUntil(await deps.sources.read(sourceId), now);
  // By the clock of the worker that has just sent the message, the pause may already have been over.
  if (paused !== null && paused.until > now + clockTolerance) return;
  if (deps.reach(sourceId).how === 'relay' && (await deps.link.present(sourceId)) === null) return;
  await resumeAt(deps, sourceId, (paused?.until ?? now) + 1000);
}

const resumeAfter = (deps: ActDependencies, sourceId: string, pause: number) => resumeAt(deps, sourceId, pause, { pause });

/** Sends, at that time (epoch ms), everything that waits for the source (evaluate/resume.ts); the reaper is the fallback. */
export async function resumeAt(
  deps: Pick<ActDependencies, 'evaluations' | 'now'>,
  sourceId: string,
  at: number,
  of: { pause?: number } = {},
): Promise<void> {
  const body: EvaluationMessage = { kind: 'resume', sourceId, cause: 'the source may be well again', ...of };
  await deps.evaluations.send([evaluationOutgoing(body, delaySeconds(at, deps.now()))]);
}
