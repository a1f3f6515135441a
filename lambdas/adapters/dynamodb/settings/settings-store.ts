/**
 * Publishes settings in the Control table: one `current` item per scope and one item per version, written together and with the
 * lines of the journal that tell of it. Invariants: versions of a scope only grow; `current` equals its newest version item;
 * nothing published is ever changed.
 */
import { isDeepStrictEqual } from 'node:util';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { sourceLineItem } from '#adapters/dynamodb/journal/timeline';
import { controlKeys } from '#adapters/dynamodb/keys';
import {
  type CurrentItem,
  configurationPublisher,
  everySource,
  settingsReader,
  versionOf,
} from '#adapters/dynamodb/settings/settings-reader';
import { committed, untilWritten } from '#adapters/dynamodb/transactions';
import type { Settings, SettingsVersion } from '#domain/quarantine/settings';
import { settingsLine } from '#domain/quarantine/source-lines';

type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;

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

/** `drift`: settings were changed by hand since the configuration was last taken over; nothing was published. */
export type Seeded = { outcome: 'published' | 'unchanged' | 'drift'; version: SettingsVersion };
export type SettingsStore = ReturnType<typeof settingsStore>;

/**
 * `settings` and `sources`: of the configuration. In the journal of each source for which a publication holds it has a line,
 * in the transaction of the version itself.
 */
export function settingsStore(
  client: DocumentClient,
  tables: { control: string; journal: string },
  { settings: configured, sources }: { settings: Settings; sources: readonly { id: string }[] },
) {
  const table = tables.control;
  const reader = settingsReader(client, table, configured);
  const { initial, stored } = reader;
  const sourceIds = sources.map(({ id }) => id);

  /** A source with settings of its own is not concerned by those for all. */
  async function concernedBy(scope: string): Promise<string[]> {
    if (scope !== everySource) return sourceIds.filter((id) => id === scope);
    const own = await Promise.all(sourceIds.map(stored));
    return sourceIds.filter((_, index) => own[index] === null);
  }

  async function linesOf(published: SettingsVersion): Promise<Writes> {
    const line = settingsLine(published);
    const concerned = await concernedBy(published.scope);
    return concerned.map((id) => ({ Put: { TableName: tables.journal, Item: sourceLineItem(id, line) } }));
  }

  /** Writes version, `current` and the lines that tell it in one transaction; false when someone else wrote `current` since `before` was read. */
  async function write(before: CurrentItem | null, next: CurrentItem, also: Writes = []): Promise<boolean> {
    const version = versionOf(next);
    const unchanged = before
      ? { ConditionExpression: 'version = :before', ExpressionAttributeValues: { ':before': before.version } }
      : { ConditionExpression: 'attribute_not_exists(pk)' };
    const current = { ...controlKeys.settingsCurrent(next.scope), ...next };
    const lines = await linesOf(version);
    const history = { ...controlKeys.settingsVersion(next.scope, next.version), ...version };
    return committed(
      client.send(
        new TransactWriteCommand({
          TransactItems: [
            { Put: { TableName: table, Item: current, ...unchanged } },
            { Put: { TableName: table, Item: history, ConditionExpression: 'attribute_not_exists(pk)' } },
            ...also,
            ...lines,
          ],
        }),
      ),
    );
  }

  /** Scope `*` as stored, or first stored now (`at`) from the configuration. */
  async function ground(at: number): Promise<CurrentItem> {
    const before = await stored(everySource);
    if (before) return before;
    const first = { ...initial, configured, publishedAt: at };
    return untilWritten(async () => ((await write(null, first)) ? first : stored(everySource)), 'The settings');
  }

  const before = (scope: string, at: number) => (scope === everySource ? ground(at) : stored(scope));

  /** What stands in the way of a publication: the version that is current, when it is another than its publisher saw. */
  async function standing({ scope, replaces, at }: Pick<Publication, 'scope' | 'replaces' | 'at'>) {
    const own = await before(scope, at);
    const seen = own ?? (await ground(at));
    const conflict = replaces !== seen.version && (own !== null || replaces !== 0);
    return { own, seen, conflict: conflict ? versionOf(seen) : null };
  }

  async function publishOnce(publication: Publication): Promise<Published | null> {
    const { scope, settings, publishedBy, at } = publication;
    const { own, seen, conflict } = await standing(publication);
    if (conflict) return { outcome: 'conflict', current: conflict };
    const next = { ...carried(own), scope, version: (own?.version ?? 0) + 1, settings, publishedBy, publishedAt: at };
    const guard = own === null ? [unchangedSince(seen, table)] : [];
    return (await write(own, next, guard)) ? { outcome: 'published', version: versionOf(next) } : null;
  }

  async function publishFromPortalOnce(publication: PortalPublication): Promise<PortalPublished | null> {
    const { scope, portalVersion, settings, publishedBy, at } = publication;
    const own = await before(scope, at);
    if (own?.portalVersion !== undefined && portalVersion <= own.portalVersion)
      return { outcome: portalVersion === own.portalVersion ? 'same' : 'older', version: versionOf(own) };
    const number = Math.max((own?.version ?? 0) + 1, portalVersion);
    const next = { ...carried(own), scope, version: number, settings, publishedBy, publishedAt: at, portalVersion };
    return (await write(own, next)) ? { outcome: 'published', version: versionOf(next) } : null;
  }

  async function seedOnce(settings: Settings, at: number): Promise<Seeded | null> {
    const own = await ground(at);
    if (isDeepStrictEqual(own.settings, settings)) return (await reconciled(own, settings)) ? unchanged(own) : null;
    const byHand = own.publishedBy !== configurationPublisher && !isDeepStrictEqual(own.settings, own.configured);
    if (byHand) return { outcome: 'drift', version: versionOf(own) };
    if (isDeepStrictEqual(own.configured, settings)) return unchanged(own);
    const next = {
      ...carried(own),
      scope: everySource,
      version: own.version + 1,
      settings,
      configured: settings,
      publishedBy: configurationPublisher,
      publishedAt: at,
    };
    return (await write(own, next)) ? { outcome: 'published', version: versionOf(next) } : null;
  }

  const unchanged = (item: CurrentItem): Seeded => ({ outcome: 'unchanged', version: versionOf(item) });

  /** Notes that what is current is what the configuration says, whoever published it; false when somebody published meanwhile. */
  async function reconciled(own: CurrentItem, settings: Settings): Promise<boolean> {
    if (isDeepStrictEqual(own.configured, settings)) return true;
    const Item = { ...controlKeys.settingsCurrent(everySource), ...own, configured: settings };
    const seen = { ConditionExpression: 'version = :before', ExpressionAttributeValues: { ':before': own.version } };
    return committed(client.send(new TransactWriteCommand({ TransactItems: [{ Put: { TableName: table, Item, ...seen } }] })));
  }

  return {
    ...reader,

    /** The version that is current in place of the one that the publisher saw; null when nothing stands in the way. */
    async conflictOf(publication: Pick<Publication, 'scope' | 'replaces' | 'at'>): Promise<SettingsVersion | null> {
      return (await standing(publication)).conflict;
    },

    /** Publishes the next version, unless another one than `replaces` is current by now. */
    publish(publication: Publication): Promise<Published> {
      return untilWritten(() => publishOnce(publication), 'The settings');
    },

    /**
     * Takes the portal's publication over. Its number is compared with the portal's last one, not with ours: a newer one is
     * published as our next version (under the portal's number where that is free), an older one is ignored.
     */
    publishFromPortal(publication: PortalPublication): Promise<PortalPublished> {
      return untilWritten(() => publishFromPortalOnce(publication), 'The settings');
    },

    /**
     * Takes the configuration file's settings over when they differ from those taken over last, unless somebody published
     * others by hand since: those stay, and the difference is shown (`drift`). Idempotent. To be called at the start of a
     * gather. `published`: every user is to be decided anew.
     */
    seed(at: number, settings: Settings = configured): Promise<Seeded> {
      return untilWritten(() => seedOnce(settings, at), 'The settings');
    },
  };
}

/** What a new version inherits from the item before it. */
function carried(before: CurrentItem | null): Pick<CurrentItem, 'portalVersion' | 'configured'> {
  return {
    ...(before?.portalVersion === undefined ? {} : { portalVersion: before.portalVersion }),
    ...(before?.configured === undefined ? {} : { configured: before.configured }),
  };
}

const unchangedSince = (item: CurrentItem, table: string): Writes[number] => ({
  ConditionCheck: {
    TableName: table,
    Key: controlKeys.settingsCurrent(item.scope),
    ConditionExpression: 'version = :seen',
    ExpressionAttributeValues: { ':seen': item.version },
  },
});
