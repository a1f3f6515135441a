/**
 * A source that rejected our credentials is not called for an hour. Once its secret has changed, a gather tries it immediately:
 * if it succeeds, everything that waits for the source continues (gather/commit-run.ts). Every minute; nothing is read for
 * healthy sources. Requested first, recorded second: a crash in between requests twice.
 */
import type { SourceStore } from '#adapters/dynamodb/gather/sources';
import type { SourceState } from '#domain/devices/source';
import { type SourceConfiguration, secretNameOf } from '#domain/runtime/configuration';
import type { GatherRequest, GatherRequested } from '#use-cases/gathers/request-gather';

export type CorrectedDependencies = {
  configured: readonly SourceConfiguration[];
  sources: Pick<SourceStore, 'read' | 'updateFrom'>;
  /** The current version of a secret; null when it cannot be determined. */
  versionOf(secretName: string): Promise<string | null>;
  requestGather(request: GatherRequest): Promise<GatherRequested>;
  now(): number;
};

/** Returns the ids of the sources for which a gather was requested. */
export function tryCorrected(deps: CorrectedDependencies) {
  return async (): Promise<string[]> => {
    const tried = await Promise.all(deps.configured.map((source) => tryOne(deps, source)));
    return tried.flatMap((sourceId) => sourceId ?? []);
  };
}

async function tryOne(deps: CorrectedDependencies, source: SourceConfiguration): Promise<string | null> {
  const secretName = secretNameOf(source);
  if (secretName === null) return null;
  const state = await deps.sources.read(source.id);
  const at = deps.now();
  if (!isLeftAlone(state, at)) return null;
  const version = await deps.versionOf(secretName);
  if (version === null || version === state.refusedSecret) return null;
  await deps.requestGather({ sourceId: source.id, reason: 'schedule', requestedAt: at, unique: version.slice(0, 8) });
  await deps.sources.updateFrom(state, { refusedSecret: version });
  return source.id;
}

/** Rejected, and the version of the secret is known: otherwise nothing would show that it has changed. */
const isLeftAlone = ({ problem, retryAt, refusedSecret }: SourceState, at: number): boolean =>
  problem?.kind === 'denied' && retryAt !== null && retryAt > at && Boolean(refusedSecret);
