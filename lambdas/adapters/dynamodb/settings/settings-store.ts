/**
 * Publishes settings in the Control table: one `current` item per scope and one item per version, written together and with the
 * journal lines of the publication. Invariants: versions of a scope only grow; `current` equals its newest version item; nothing
 * published is ever changed.
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
  /** Version of this scope that the publisher has seen; for a source's first own version that of `*` (or 0). */
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
 * `settings` and `sources`: of the configuration. A publication writes a line into the journal of each source that it governs,
 * in the transaction of the version itself.
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

    /** The version that is current in place of the one that the publisher saw; null when nothing stands in the way. */
    conflictOf: async (publication: Pick<Publication, 'scope' | 'replaces' | 'at'>): Promise<SettingsVersion | null> =>
      (await compareWithCurrent(tables, publication)).conflict,

    /** Publishes the next version, unless another one than `replaces` is current by now. */
    publish: (publication: Publication): Promise<Published> =>
      untilWritten(() => publishOnce(tables, publication), 'The settings'),

    /**
     * Adopts the portal's publication. Its number is compared with the portal's last one, not with ours: a newer one is
     * published as our next version (under the portal's number where that is free), an older one is ignored.
     */
    publishFromPortal: (publication: PortalPublication): Promise<PortalPublished> =>
      untilWritten(() => publishFromPortalOnce(tables, publication), 'The settings'),

    /**
     * Adopts the configuration file's settings when they differ from those adopted last, unless somebody published others by
     * hand since: those stay, and the difference is shown (`drift`). Idempotent. To be called at the start of a gather.
     * `published`: every user is to be evaluated.
     */
    seed: (at: number, settings: Settings = configured): Promise<Seeded> =>
      untilWritten(() => seedOnce(tables, settings, at), 'The settings'),
  };
}

/** `conflict`: the version that is current, when it is another than its publisher saw. */
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
    // Recorded as what the configuration says, whoever published it.
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

/** What a new version inherits from the item before it. */
function inherited(before: CurrentItem | null): Pick<CurrentItem, 'portalVersion' | 'configured'> {
  return {
    ...(before?.portalVersion === undefined ? {} : { portalVersion: before.portalVersion }),
    ...(before?.configured === undefined ? {} : { configured: before.configured }),
  };
}
