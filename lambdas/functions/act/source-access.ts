/** How each source is reached for actions: one client per SmartCloud source, opened when first needed and kept. */
import type { TravelerOptions, TravelerSource } from '#adapters/traveler/source';
import { type BySourceKind, bySourceKind } from '#domain/devices/source-kinds';
import type { SourceConfiguration, SourceOf } from '#domain/runtime/configuration';
import { writeMs } from './claim.ts';
import type { Reach } from './dependencies.ts';

type Open = (options: TravelerOptions) => TravelerSource;
type CredentialsOf = (secretName: string) => TravelerOptions['credentials'];

/** A try ends well before its claim expires, so that with a slow server two workers never carry out the same action. */
const timeouts = { connect: 5_000, headers: 15_000, body: 10_000, total: writeMs - 5_000 };
/** The queue retries later; here one retry is enough. */
const retry = { tries: 2, baseMs: 100, longestMs: 1_000 };

export function sourceAccess(
  sources: readonly SourceConfiguration[],
  { open, credentialsOf }: { open: Open; credentialsOf: CredentialsOf },
): (sourceId: string) => Reach {
  const configured = new Map(sources.map((source) => [source.id, source]));
  const kept = new Map<string, TravelerSource>();
  const ways: BySourceKind<SourceConfiguration, Reach> = {
    smartcloud: (source) => ({ how: 'direct', source: opened(source) }),
    traveler: () => ({ how: 'relay' }),
  };
  return (sourceId) => {
    const source = configured.get(sourceId);
    return source ? bySourceKind(source, ways) : { how: 'unconfigured' };
  };

  function opened(source: SourceOf<'smartcloud'>): TravelerSource {
    const known = kept.get(source.id) ?? openOne(source);
    kept.set(source.id, known);
    return known;
  }

  function openOne(source: SourceOf<'smartcloud'>): TravelerSource {
    const { url, concurrency, credentials } = source;
    return open({ baseUrl: url, concurrency, credentials: credentialsOf(credentials.secretName), timeouts, retry });
  }
}
