/** A paused source (domain/actions/source-pause.ts), in the store: written only while it still is as it was read. */
import { evaluationOutgoing } from '#adapters/evaluations-queue';
import type { SourceChange } from '#domain/actions/attempt';
import type { SourceFailure } from '#domain/actions/failure';
import { hasProblem, pausedUntil } from '#domain/actions/readiness';
import { clockTolerance, delaySeconds } from '#domain/actions/retry';
import type { SourcePause, SourceState } from '#domain/devices/source';
import type { EvaluationMessage } from '#domain/messages/messages';
import type { ActDependencies } from './dependencies.ts';

type Pausing = { failure: SourceFailure; until: number; change: SourceChange; alarm: boolean };

/** Until when the source is paused by now, epoch ms; null when somebody else has just seen it healthy. */
export async function pauseSource(deps: ActDependencies, seen: SourceState, pausing: Pausing): Promise<number | null> {
  const { failure, until, change, alarm } = pausing;
  const { sourceId } = seen;
  await resumeAfter(deps, sourceId, until);
  const isFirst = await deps.sources.updateFrom(seen, change);
  // Somebody else has newer knowledge of the source, and that counts: another worker's pause, or a gather's success.
  if (!isFirst) return (await deps.sources.read(sourceId)).pause?.until ?? null;
  if (alarm) deps.alarm('The actions of a source are paused', { sourceId, ...failure.problem, until });
  return until;
}

/** Takes the turn to try a source whose pause is over: the source from then on; null when another action has the turn. */
export async function takeTurn(deps: ActDependencies, seen: SourceState, probe: SourcePause | null): Promise<SourceState | null> {
  if (probe === null) return seen;
  // Whoever moves the pause on sends what ends it: another worker may claim the action and let it wait for that.
  await resumeAfter(deps, seen.sourceId, probe.until);
  return (await deps.sources.updateFrom(seen, { pause: probe })) ? { ...seen, pause: probe } : null;
}

/** The server answers: the problem of the source is over, and what waits for it may go. */
export async function markHealthy(deps: ActDependencies, source: SourceState): Promise<void> {
  if (!hasProblem(source)) return;
  // The message first, a moment ahead: after a crash in between the pause still holds, and the next attempt comes here again.
  await resumeAt(deps, source.sourceId, deps.now() + 1000);
  await deps.sources.updateFrom(source, { pause: null, problem: null, retryAt: null });
}

/** After an action was written as waiting for its source: what ended that wait in the meantime did not see it. */
export async function resumeIfOver(deps: ActDependencies, sourceId: string): Promise<void> {
  const now = deps.now();
  const paused = pausedUntil(await deps.sources.read(sourceId), now);
  // By the clock of whoever has just sent it on, the pause may have been over already.
  if (paused !== null && paused.until > now + clockTolerance) return;
  if (deps.reach(sourceId).how === 'relay' && (await deps.link.present(sourceId)) === null) return;
  await resumeAt(deps, sourceId, (paused?.until ?? now) + 1000);
}

const resumeAfter = (deps: ActDependencies, sourceId: string, pause: number) => resumeAt(deps, sourceId, pause, { pause });

/** Has everything sent that waits for the source, at that time (evaluate/resume.ts); the reaper is behind that. */
export async function resumeAt(
  deps: Pick<ActDependencies, 'evaluations' | 'now'>,
  sourceId: string,
  at: number,
  of: { pause?: number } = {},
): Promise<void> {
  const body: EvaluationMessage = { kind: 'resume', sourceId, cause: 'the source may be well again', ...of };
  await deps.evaluations.send([evaluationOutgoing(body, delaySeconds(at, deps.now()))]);
}
