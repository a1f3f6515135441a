/**
 * Publishes settings and sets what follows in motion: each source concerned is gathered (its server's own settings may have
 * to follow), and every user is decided anew. Both are sent again when a publication is repeated, so a crash in between is
 * healed by the portal's or the person's own repetition, and by each gather, which compares the settings it decided under.
 */
import type { PortalPublication, Publication, Published, SettingsStore } from '#adapters/dynamodb/settings-store';
import { everySource } from '#adapters/dynamodb/settings-store';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import type { SourceConfiguration } from '#domain/configuration';
import type { SettingsVersion } from '#domain/settings';
import type { requestGather } from '#functions/request-gather/request-gather';

export type PublishSettingsDependencies = {
  sources: readonly SourceConfiguration[];
  settings: Pick<SettingsStore, 'publish' | 'publishFromPortal'>;
  requestGather: ReturnType<typeof requestGather>;
  evaluations: Pick<EvaluationsQueue, 'everyone'>;
  now: () => number;
};
export type UnknownSource = { outcome: 'unknown-source' };

export function publishSettings(dependencies: PublishSettingsDependencies) {
  const { sources, settings, evaluations, now } = dependencies;
  const concerned = (scope: string) => sources.filter(({ id }) => scope === everySource || scope === id);

  async function announce(version: SettingsVersion): Promise<void> {
    const { scope } = version;
    const unique = `settings-${version.version}${scope === everySource ? '' : '-own'}`;
    const gathered = concerned(scope).filter(({ kind }) => kind === 'smartcloud');
    await Promise.all([
      ...gathered.map(({ id }) => dependencies.requestGather({ sourceId: id, reason: 'settings', requestedAt: now(), unique })),
      evaluations.everyone(
        concerned(scope).map(({ id }) => id),
        `settings version ${version.version}`,
      ),
    ]);
  }

  return {
    /** Over the API: in place of the version that the publisher saw. */
    async publish(publication: Publication): Promise<Published | UnknownSource> {
      if (concerned(publication.scope).length === 0) return { outcome: 'unknown-source' };
      const published = await settings.publish(publication);
      if (published.outcome === 'published') await announce(published.version);
      return published;
    },

    /** By event: in the order of the portal's own versions. */
    async take(publication: PortalPublication): Promise<{ outcome: 'published' | 'same' | 'older' } | UnknownSource> {
      if (concerned(publication.scope).length === 0) return { outcome: 'unknown-source' };
      const { outcome, version } = await settings.publishFromPortal(publication);
      if (outcome !== 'older') await announce(version);
      return { outcome };
    },
  };
}
