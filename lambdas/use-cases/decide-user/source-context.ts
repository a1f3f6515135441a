/** What all users of a source share: settings, source state and enrolment feed, read once per source and invocation. */
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import type { SourceStore } from '#adapters/dynamodb/gather/sources';
import type { SettingsReader } from '#adapters/dynamodb/settings/settings-reader';
import type { SourceState } from '#domain/devices/source';
import type { EnrolmentFeed } from '#domain/enrolment/enrolment';
import { type Enforcement, effectiveEnforcement } from '#domain/quarantine/enforcement';
import type { SettingsVersion } from '#domain/quarantine/settings';

export type SourceContext = { settings: SettingsVersion; state: SourceState; feed: EnrolmentFeed; enforcement: Enforcement };
/** Null for a source that is not configured. */
export type SourceContextReader = (sourceId: string) => Promise<SourceContext | null>;

export type SourceContextDependencies = {
  settings: Pick<SettingsReader, 'current'>;
  sources: Pick<SourceStore, 'read'>;
  enrolments: Pick<EnrolmentStore, 'feed'>;
  /** As configured; null for a source that is not, or no longer, configured: nothing is decided for it. */
  enforcementOf(sourceId: string): Enforcement | null;
  /** Epoch ms. */
  now(): number;
};

export async function readSourceContext(deps: SourceContextDependencies, sourceId: string): Promise<SourceContext | null> {
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
 * Shared by the messages of one batch only: settings and sources are changed before the message about the change is sent, so what
 * is read after a message arrives is never older than the change.
 */
export function sourceContexts(deps: SourceContextDependencies): SourceContextReader {
  const known = new Map<string, Promise<SourceContext | null>>();
  return (sourceId) => {
    const reading = known.get(sourceId) ?? readSourceContext(deps, sourceId);
    known.set(sourceId, reading);
    // A failure is not cached: the next message of the batch may succeed.
    reading.catch(() => known.delete(sourceId));
    return reading;
  };
}
