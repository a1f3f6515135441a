/**
 * Publishes settings and sets what follows in motion: each source concerned is gathered (its server's own settings may have
 * to follow), and every user is decided anew. Both are sent again when a publication is repeated, so a crash in between is
 * healed by the portal's or the person's own repetition, and by each gather, which compares the settings it decided under.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { everySource } from '#adapters/dynamodb/settings/settings-reader';
import type { PortalPublication, Publication, Published, SettingsStore } from '#adapters/dynamodb/settings/settings-store';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import { fingerprint } from '#adapters/fingerprint';
import type { GuardItem } from '#domain/quarantine/guard';
import { type SettingsVersion, settings as settingsSchema } from '#domain/quarantine/settings';
import type { SourceConfiguration } from '#domain/runtime/configuration';
import type { requestGather } from '#use-cases/gathers/request-gather';
import type { GuardRun } from '#use-cases/guard/guard-run';

export type PublishSettingsDependencies = {
  sources: readonly SourceConfiguration[];
  settings: Pick<SettingsStore, 'publish' | 'publishFromPortal' | 'conflictOf' | 'portalVersion' | 'own'>;
  rail: GuardRun;
  requestGather: ReturnType<typeof requestGather>;
  evaluations: Pick<EvaluationsQueue, 'everyone'>;
  now: () => number;
};
export type UnknownSource = { outcome: 'unknown-source' };
/** It would take access from too many: nothing was published; a person confirms or rejects. */
export type Guarded = { outcome: 'guarded'; guard: GuardItem };

/** What waits for a person, as the guard keeps it. */
export const waitingPublication = z.discriminatedUnion('by', [
  z.object({ by: z.literal('api'), settings: settingsSchema, scope: z.string(), replaces: z.number(), publishedBy: z.string() }),
  z.object({
    by: z.literal('portal'),
    settings: settingsSchema,
    scope: z.string(),
    portalVersion: z.number(),
    publishedBy: z.string(),
    at: z.number(),
  }),
]);
export type WaitingPublication = z.infer<typeof waitingPublication>;

export function publishSettings(dependencies: PublishSettingsDependencies) {
  const { sources, settings, evaluations, rail, now } = dependencies;
  const concerned = (scope: string) => sources.filter(({ id }) => scope === everySource || scope === id);

  async function announce(version: SettingsVersion): Promise<void> {
    const { scope } = version;
    const unique = `settings-${version.version}${scope === everySource ? '' : '-own'}`;
    const gathered = concerned(scope);
    await Promise.all([
      ...gathered.map(({ id }) => dependencies.requestGather({ sourceId: id, reason: 'settings', requestedAt: now(), unique })),
      evaluations.everyone(
        concerned(scope).map(({ id }) => id),
        `settings version ${version.version}`,
      ),
    ]);
  }

  async function holdsFor(scope: string): Promise<string[]> {
    if (scope !== everySource) return [scope];
    const own = await Promise.all(sources.map(async ({ id }) => ((await dependencies.settings.own(id)) ? [] : [id])));
    return own.flat();
  }

  async function guarded(waiting: WaitingPublication, guardId: string): Promise<Guarded | null> {
    const { scope, settings: wanted, publishedBy } = waiting;
    const where = scope === everySource ? 'all sources' : `source ${scope}`;
    const stop = {
      guardId,
      kind: 'publication' as const,
      cause: `publication of settings for ${where}`,
      requestedBy: publishedBy,
      payload: waiting,
    };
    const railed = await rail.before(stop, { sourceIds: await holdsFor(scope), settings: wanted });
    return railed.outcome === 'stopped' ? { outcome: 'guarded', guard: railed.guard } : null;
  }

  /** The same publication again finds the guard that waits for it; one that was rejected may be tried anew. */
  async function guardIdOf(publication: Publication): Promise<string> {
    const { scope, replaces, settings: wanted } = publication;
    const about = fingerprint(JSON.stringify([scope, replaces, wanted]));
    for (let turn = 1; ; turn++) {
      const guardId = `publication-${about}-${turn}`;
      const known = await rail.known(guardId);
      if (!known || known.state === 'waiting' || known.state === 'confirming') return guardId;
    }
  }

  async function apply(publication: Publication): Promise<Published> {
    const published = await settings.publish(publication);
    if (published.outcome === 'published') await announce(published.version);
    return published;
  }
  async function applyFromPortal(publication: PortalPublication): Promise<'published' | 'same' | 'older'> {
    const { outcome, version } = await settings.publishFromPortal(publication);
    if (outcome !== 'older') await announce(version);
    return outcome;
  }

  return {
    /** The sources for which settings of this scope would hold: those with settings of their own keep them. */
    concerned: holdsFor,

    /** Over the API: in place of the version that the publisher saw. */
    async publish(publication: Publication): Promise<Published | UnknownSource | Guarded> {
      const { scope, replaces, publishedBy } = publication;
      if (concerned(scope).length === 0) return { outcome: 'unknown-source' };
      const current = await settings.conflictOf(publication);
      if (current) return { outcome: 'conflict', current };
      const waiting = { by: 'api' as const, settings: publication.settings, scope, replaces, publishedBy };
      return (await guarded(waiting, await guardIdOf(publication))) ?? (await apply(publication));
    },

    /** By event: in the order of the portal's own versions. */
    async take(publication: PortalPublication): Promise<{ outcome: 'published' | 'same' | 'older' } | UnknownSource | Guarded> {
      const { scope, portalVersion } = publication;
      if (concerned(scope).length === 0) return { outcome: 'unknown-source' };
      const known = await settings.portalVersion(scope);
      if (known !== null && portalVersion <= known) return { outcome: await applyFromPortal(publication) };
      const guardId = `publication-portal-${fingerprint(scope)}-${portalVersion}`;
      const before = await rail.known(guardId);
      if (before) return { outcome: 'guarded', guard: before };
      const stopped = await guarded({ by: 'portal', ...publication }, guardId);
      return stopped ?? { outcome: await applyFromPortal(publication) };
    },

    /** A person confirmed what the guard had stopped. Repeated after a crash, it finds its own version and announces it. */
    async confirmed(waiting: WaitingPublication, at: number): Promise<Published | { outcome: 'published' | 'same' | 'older' }> {
      if (waiting.by === 'portal') return { outcome: await applyFromPortal(waiting) };
      const { scope, replaces, settings: wanted, publishedBy } = waiting;
      const published = await apply({ scope, replaces, settings: wanted, publishedBy, at });
      if (published.outcome === 'published') return published;
      const { current } = published;
      const own = current.scope === scope && current.publishedAt === at && isDeepStrictEqual(current.settings, wanted);
      if (!own) return published;
      await announce(current);
      return { outcome: 'published', version: current };
    },
  };
}
