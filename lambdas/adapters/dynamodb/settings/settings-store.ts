/**
 * Publishes settings in the Control table: one `current` item per scope and one item per version, written together with the
 * journal lines of the publication. Invariants: versions of a scope only grow; `current` equals its newest version item; a
 * published version is never changed.
 */
import { isDeepStrictEqual } from 'node:util';
import type { DocumentClient } from '#adapters/dynamodb/client';
import {
  type CurrentItem,
  configurationPublisher,
  everySource,
  settingsReader,
  versionOf,
} from '#adapters/dynamodb/settings/settings-reader';
import {
  ownSettings,
  replaceCurrent,
  type SettingsTables,
  settingsForAll,
  unchangedSince,
  writeVersion,
} from '#adapters/dynamodb/settings/settings-write';
import { untilWritten } from '#adapters/dynamodb/transactions';
import type { Settings, SettingsVersion } from '#domain/quarantine/settings';

export type Publication = {
  settings: Settings;
  /** `*` or a source id. */
  scope: string;
  /** The version of this scope that the publisher saw; for a source's first own version that of `*` (or 0). */
  replaces: number;
  publishedBy: string;
  /** Epoch ms. */
  at: number;
};
export type Published = { outcome: 'published'; version: SettingsVersion } | { outcome: 'conflict'; current: SettingsVersion };
export type PortalPublication = Omit<Publication, 'replaces'> & { portalVersion: number };
export type PortalPublished = { outcome: 'published' | 'same' | 'older'; version: SettingsVersion };

/** `drift`: settings were changed by hand since the configuration was last adopted; nothing was published. */
export type Seeded = { outcome: 'published' | 'unchanged' | 'drift'; version: SettingsVersion };
export type SettingsStore = ReturnType<typeof settingsStore>;

/**
 * `settings` and `sources`: of the configuration. A publication writes a line into the journal of each source that it applies
 * to, in the transaction of the version itself.
 */
export function settingsStore(
  client: DocumentClient,
  { control, journal }: { control: string; journal: string },
  { settings: configured, sources }: { settings: Settings; sources: readonly { id: string }[] },
) {
  const reader = settingsReader(client, control, configured);
  const tables: SettingsTables = { client, control, journal, configured, reader, sourceIds: sources.map(({ id }) => id) };
  return {
    ...reader,

    /** The current version, when it is not the one that the publisher saw; null when there is no conflict. */
    conflictOf: async (publication: Pick<Publication, 'scope' | 'replaces' | 'at'>): Promise<SettingsVersion | null> =>
      (await compareWithCurrent(tables, publication)).conflict,

    /** Publishes the next version, unless the current one is no longer `replaces`. */
    publish: (publication: Publication): Promise<Published> =>
      untilWritten(() => publishOnce(tables, publication), 'The settings'),

    /**
     * Adopts the portal's publication. Its number is compared with the portal's last one, not with ours: a newer one is
     * published as our next version (under the portal's number if that is higher), an older one is ignored.
     */
    publishFromPortal: (publication: PortalPublication): Promise<PortalPublished> =>
      untilWritten(() => publishFromPortalOnce(tables, publication), 'The settings'),

    /**
     * Adopts the configuration file's settings when they differ from those adopted last, unless somebody has published others by
     * hand since: those stay, and the difference is reported (`drift`). Idempotent. Called at the start of a gather (`at`: epoch
     * ms). `published`: the caller must evaluate every user.
     */
    seed: (at: number, settings: Settings = configured): Promise<Seeded> =>
      untilWritten(() => seedOnce(tables, settings, at), 'The settings'),
  };
}

/** `conflict`: the current version, when it is not the one that the publisher saw. */
async function compareWithCurrent(
  tables: SettingsTables,
  { scope, replaces, at }: Pick<Publication, 'scope' | 'replaces' | 'at'>,
): Promise<{ own: CurrentItem | null; seen: CurrentItem; conflict: SettingsVersion | null }> {
  const own = await ownSettings(tables, scope, at);
  const seen = own ?? (await settingsForAll(tables, at));
  const conflict = replaces !== seen.version && (own !== null || replaces !== 0);
  return { own, seen, conflict: conflict ? versionOf(seen) : null };
}

async function publishOnce(tables: SettingsTables, publication: Publication): Promise<Published | null> {
  const { scope, settings, publishedBy, at } = publication;
  const { own, seen, conflict } = await compareWithCurrent(tables, publication);
  if (conflict) return { outcome: 'conflict', current: conflict };
  const next = { ...inherited(own), scope, version: (own?.version ?? 0) + 1, settings, publishedBy, publishedAt: at };
  const also = own === null ? [unchangedSince(tables, seen)] : [];
  return (await writeVersion(tables, own, { next, also })) ? { outcome: 'published', version: versionOf(next) } : null;
}

async function publishFromPortalOnce(tables: SettingsTables, publication: PortalPublication): Promise<PortalPublished | null> {
  const { scope, portalVersion, settings, publishedBy, at } = publication;
  const own = await ownSettings(tables, scope, at);
  if (own?.portalVersion !== undefined && portalVersion <= own.portalVersion)
    return { outcome: portalVersion === own.portalVersion ? 'same' : 'older', version: versionOf(own) };
  const version = Math.max((own?.version ?? 0) + 1, portalVersion);
  const next = { ...inherited(own), scope, version, settings, publishedBy, publishedAt: at, portalVersion };
  return (await writeVersion(tables, own, { next })) ? { outcome: 'published', version: versionOf(next) } : null;
}

async function seedOnce(tables: SettingsTables, settings: Settings, at: number): Promise<Seeded | null> {
  const own = await settingsForAll(tables, at);
  const unchanged: Seeded = { outcome: 'unchanged', version: versionOf(own) };
  const isAdopted = isDeepStrictEqual(own.configured, settings);
  if (isDeepStrictEqual(own.settings, settings)) {
    // Recorded as the configuration's settings, whoever published them.
    const recorded = isAdopted || (await replaceCurrent(tables, own, { ...own, configured: settings }));
    return recorded ? unchanged : null;
  }
  const byHand = own.publishedBy !== configurationPublisher && !isDeepStrictEqual(own.settings, own.configured);
  if (byHand) return { outcome: 'drift', version: versionOf(own) };
  if (isAdopted) return unchanged;
  const about = { scope: everySource, version: own.version + 1, settings, configured: settings };
  const next = { ...inherited(own), ...about, publishedBy: configurationPublisher, publishedAt: at };
  return (await writeVersion(tables, own, { next })) ? { outcome: 'published', version: versionOf(next) } : null;
}

/** What a new version inherits from the previous item. */
function inherited(before: CurrentItem | null): Pick<CurrentItem, 'portalVersion' | 'configured'> {
  return {
    ...(before?.portalVersion === undefined ? {} : { portalVersion: before.portalVersion }),
    ...(before?.configured === undefined ? {} : { configured: before.configured }),
  };
}
