/**
 * Publishes settings and starts what follows: each source concerned is gathered (its server's own settings may have to change),
 * and every user is evaluated. Both are sent again when a publication is repeated, so a crash in between is repaired when the
 * portal or the person repeats it, and by each gather, which compares the settings with those of the last one.
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
import { firstFreeTurn } from '#use-cases/decide-user/repeated-cause';
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
type PortalOutcome = 'published' | 'same' | 'older';
export type UnknownSource = { outcome: 'unknown-source' };
/** Too many devices would lose access: nothing was published until a person confirms or rejects it. */
export type Guarded = { outcome: 'guarded'; guard: GuardItem };

/** A publication that waits for a person, as stored in the guard's payload. */
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

export function publishSettings(deps: PublishSettingsDependencies) {
  return {
    /** The sources to which settings of this scope would apply: those with settings of their own keep them. */
    concerned: (scope: string): Promise<string[]> => governed(deps, scope),

    /** Over the API: replaces the version that the publisher saw. */
    publish: (publication: Publication): Promise<Published | UnknownSource | Guarded> => publish(deps, publication),

    /** By event: in the order of the portal's own versions. */
    take: (publication: PortalPublication): Promise<{ outcome: PortalOutcome } | UnknownSource | Guarded> =>
      publishFromPortal(deps, publication),

    /** A person confirmed what the guard stopped. Repeated after a crash, it finds its own version and announces it. */
    confirmed: (waiting: WaitingPublication, at: number): Promise<Published | { outcome: PortalOutcome }> =>
      publishConfirmed(deps, waiting, at),
  };
}

async function publish(
  deps: PublishSettingsDependencies,
  publication: Publication,
): Promise<Published | UnknownSource | Guarded> {
  const { scope, replaces, publishedBy, settings } = publication;
  if (inScope(deps, scope).length === 0) return { outcome: 'unknown-source' };
  const current = await deps.settings.conflictOf(publication);
  if (current) return { outcome: 'conflict', current };
  const waiting = { by: 'api' as const, settings, scope, replaces, publishedBy };
  return (await guarded(deps, waiting, await guardIdOf(deps, publication))) ?? (await apply(deps, publication));
}

async function publishFromPortal(
  deps: PublishSettingsDependencies,
  publication: PortalPublication,
): Promise<{ outcome: PortalOutcome } | UnknownSource | Guarded> {
  const { scope, portalVersion } = publication;
  if (inScope(deps, scope).length === 0) return { outcome: 'unknown-source' };
  const known = await deps.settings.portalVersion(scope);
  if (known !== null && portalVersion <= known) return { outcome: await applyFromPortal(deps, publication) };
  const guardId = `publication-portal-${fingerprint(scope)}-${portalVersion}`;
  const before = await deps.rail.known(guardId);
  if (before) return { outcome: 'guarded', guard: before };
  const stopped = await guarded(deps, { by: 'portal', ...publication }, guardId);
  return stopped ?? { outcome: await applyFromPortal(deps, publication) };
}

async function publishConfirmed(
  deps: PublishSettingsDependencies,
  waiting: WaitingPublication,
  at: number,
): Promise<Published | { outcome: PortalOutcome }> {
  if (waiting.by === 'portal') return { outcome: await applyFromPortal(deps, waiting) };
  const { scope, replaces, settings, publishedBy } = waiting;
  const published = await apply(deps, { scope, replaces, settings, publishedBy, at });
  if (published.outcome === 'published') return published;
  const { current } = published;
  const own = current.scope === scope && current.publishedAt === at && isDeepStrictEqual(current.settings, settings);
  if (!own) return published;
  await announce(deps, current);
  return { outcome: 'published', version: current };
}

async function guarded(
  { rail, ...deps }: PublishSettingsDependencies,
  waiting: WaitingPublication,
  guardId: string,
): Promise<Guarded | null> {
  const { scope, settings, publishedBy } = waiting;
  const where = scope === everySource ? 'all sources' : `source ${scope}`;
  const stop = {
    guardId,
    kind: 'publication' as const,
    cause: `publication of settings for ${where}`,
    requestedBy: publishedBy,
    payload: waiting,
  };
  const result = await rail.before(stop, { sourceIds: await governed(deps, scope), settings });
  return result.outcome === 'stopped' ? { outcome: 'guarded', guard: result.guard } : null;
}

/** A repeated publication finds its waiting guard; a rejected one may be requested again. */
async function guardIdOf(
  { rail }: Pick<PublishSettingsDependencies, 'rail'>,
  { scope, replaces, settings }: Publication,
): Promise<string> {
  const about = fingerprint(JSON.stringify([scope, replaces, settings]));
  const guardId = (turn: number) => `publication-${about}-${turn + 1}`;
  const turn = await firstFreeTurn(async (one) => {
    const known = await rail.known(guardId(one));
    return known !== null && known.state !== 'waiting' && known.state !== 'confirming';
  }, 'A publication of settings');
  return guardId(turn);
}

async function apply(deps: PublishSettingsDependencies, publication: Publication): Promise<Published> {
  const published = await deps.settings.publish(publication);
  if (published.outcome === 'published') await announce(deps, published.version);
  return published;
}

async function applyFromPortal(deps: PublishSettingsDependencies, publication: PortalPublication): Promise<PortalOutcome> {
  const { outcome, version } = await deps.settings.publishFromPortal(publication);
  if (outcome !== 'older') await announce(deps, version);
  return outcome;
}

async function announce(deps: PublishSettingsDependencies, { scope, version }: SettingsVersion): Promise<void> {
  const unique = `settings-${version}${scope === everySource ? '' : '-own'}`;
  const sourceIds = inScope(deps, scope);
  await Promise.all([
    ...sourceIds.map((sourceId) => deps.requestGather({ sourceId, reason: 'settings', requestedAt: deps.now(), unique })),
    deps.evaluations.everyone(sourceIds, `settings version ${version}`),
  ]);
}

/** Ids of the configured sources that a scope names. */
const inScope = ({ sources }: Pick<PublishSettingsDependencies, 'sources'>, scope: string): string[] =>
  sources.flatMap(({ id }) => (scope === everySource || scope === id ? [id] : []));

/** Ids of the sources to which settings of this scope apply: those with settings of their own are not affected by others. */
async function governed(
  { sources, settings }: Pick<PublishSettingsDependencies, 'sources' | 'settings'>,
  scope: string,
): Promise<string[]> {
  if (scope !== everySource) return [scope];
  const own = await Promise.all(sources.map(async ({ id }) => ((await settings.own(id)) ? [] : [id])));
  return own.flat();
}
