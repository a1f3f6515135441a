/** Settings, source and enrolment feed: read once per source and invocation. */
import { effectiveEnforcement } from '#domain/quarantine/enforcement';
import type { EvaluateDependencies, Surroundings } from '#functions/evaluate/dependencies';

export type SurroundingsReader = (sourceId: string) => Promise<Surroundings | null>;

export async function readSurroundings(deps: EvaluateDependencies, sourceId: string): Promise<Surroundings | null> {
  const configured = deps.enforcementOf(sourceId);
  if (configured === null) return null;
  const [settings, state, feed] = await Promise.all([
    deps.settings.current(sourceId),
    deps.sources.read(sourceId),
    deps.enrolments.feed(deps.now()),
  ]);
  return { settings, state, feed, enforcement: effectiveEnforcement(configured, state.server) };
}

/**
 * Shared by the messages of one batch, and by no later one: whoever changes settings or a source sends its message after the
 * change, so what is read after a message has come is never older than what the message is about.
 */
export function surroundingsOfBatch(deps: EvaluateDependencies): SurroundingsReader {
  const known = new Map<string, Promise<Surroundings | null>>();
  return (sourceId) => {
    const reading = known.get(sourceId) ?? readSurroundings(deps, sourceId);
    known.set(sourceId, reading);
    // A failure is not kept: the next message of the batch may have better luck.
    reading.catch(() => known.delete(sourceId));
    return reading;
  };
}
