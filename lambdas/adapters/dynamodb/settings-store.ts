/**
 * Published settings in the Control table: one `current` item per scope and one item per version, written together.
 * Invariants: versions of a scope only grow; `current` equals its newest version item; nothing published is ever changed.
 * While nothing is stored, the configuration file's settings stand as version 1 of scope `*`.
 */
import { isDeepStrictEqual } from 'node:util';
import { GetCommand, QueryCommand, TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { controlKeys } from '#adapters/dynamodb/keys';
import { committed, untilSettled } from '#adapters/dynamodb/transactions';
import { type Settings, type SettingsVersion, settings as settingsSchema, settingsVersion } from '#domain/settings';

/** The scope that holds for every source without settings of its own. */
export const everySource = '*';
export const configurationPublisher = 'configuration';

const currentItem = settingsVersion.extend({
  /** The portal's own number of what it last published here: its older events are ignored by it. */
  portalVersion: z.number().int().optional(),
  /** What the configuration file said when it was last taken over. */
  configured: settingsSchema.optional(),
});
type CurrentItem = z.infer<typeof currentItem>;
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
/** What the configuration file says and what somebody published in place of it. */
export type Drift = { configured: Settings; current: SettingsVersion; fields: (keyof Settings)[] };

export type SettingsStore = ReturnType<typeof settingsStore>;

/** `configured`: the settings of the configuration file (`RuntimeConfiguration['settings']`). */
export function settingsStore(client: DocumentClient, table: string, configured: Settings) {
  const initial: SettingsVersion = {
    scope: everySource,
    version: 1,
    settings: configured,
    publishedBy: configurationPublisher,
    publishedAt: 0,
  };

  async function stored(scope: string): Promise<CurrentItem | null> {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: controlKeys.settingsCurrent(scope), ConsistentRead: true }),
    );
    return Item ? currentItem.parse(Item) : null;
  }

  /** Writes version and `current` in one transaction; false when someone else wrote `current` since `before` was read. */
  async function write(before: CurrentItem | null, next: CurrentItem, also: Writes = []): Promise<boolean> {
    const version = settingsVersion.parse(next);
    const unchanged = before
      ? { ConditionExpression: 'version = :before', ExpressionAttributeValues: { ':before': before.version } }
      : { ConditionExpression: 'attribute_not_exists(pk)' };
    const current = { ...controlKeys.settingsCurrent(next.scope), ...next };
    const history = { ...controlKeys.settingsVersion(next.scope, next.version), ...version };
    return committed(
      client.send(
        new TransactWriteCommand({
          TransactItems: [
            { Put: { TableName: table, Item: current, ...unchanged } },
            { Put: { TableName: table, Item: history, ConditionExpression: 'attribute_not_exists(pk)' } },
            ...also,
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
    return untilSettled(async () => ((await write(null, first)) ? first : stored(everySource)), 'The settings');
  }

  const before = (scope: string, at: number) => (scope === everySource ? ground(at) : stored(scope));
  const version = (item: CurrentItem): SettingsVersion => settingsVersion.parse(item);

  /** What stands in the way of a publication: the version that is current, when it is another than its publisher saw. */
  async function standing({ scope, replaces, at }: Pick<Publication, 'scope' | 'replaces' | 'at'>) {
    const own = await before(scope, at);
    const seen = own ?? (await ground(at));
    const conflict = replaces !== seen.version && (own !== null || replaces !== 0);
    return { own, seen, conflict: conflict ? version(seen) : null };
  }

  async function publishOnce(publication: Publication): Promise<Published | null> {
    const { scope, settings, publishedBy, at } = publication;
    const { own, seen, conflict } = await standing(publication);
    if (conflict) return { outcome: 'conflict', current: conflict };
    const next = { ...carried(own), scope, version: (own?.version ?? 0) + 1, settings, publishedBy, publishedAt: at };
    const guard = own === null ? [unchangedSince(seen, table)] : [];
    return (await write(own, next, guard)) ? { outcome: 'published', version: version(next) } : null;
  }

  async function publishFromPortalOnce(publication: PortalPublication): Promise<PortalPublished | null> {
    const { scope, portalVersion, settings, publishedBy, at } = publication;
    const own = await before(scope, at);
    if (own?.portalVersion !== undefined && portalVersion <= own.portalVersion)
      return { outcome: portalVersion === own.portalVersion ? 'same' : 'older', version: version(own) };
    const number = Math.max((own?.version ?? 0) + 1, portalVersion);
    const next = { ...carried(own), scope, version: number, settings, publishedBy, publishedAt: at, portalVersion };
    return (await write(own, next)) ? { outcome: 'published', version: version(next) } : null;
  }

  async function seedOnce(settings: Settings, at: number): Promise<Seeded | null> {
    const own = await ground(at);
    if (isDeepStrictEqual(own.settings, settings)) return (await reconciled(own, settings)) ? unchanged(own) : null;
    const byHand = own.publishedBy !== configurationPublisher && !isDeepStrictEqual(own.settings, own.configured);
    if (byHand) return { outcome: 'drift', version: version(own) };
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
    return (await write(own, next)) ? { outcome: 'published', version: version(next) } : null;
  }

  const unchanged = (item: CurrentItem): Seeded => ({ outcome: 'unchanged', version: version(item) });

  /** Notes that what is current is what the configuration says, whoever published it; false when somebody published meanwhile. */
  async function reconciled(own: CurrentItem, settings: Settings): Promise<boolean> {
    if (isDeepStrictEqual(own.configured, settings)) return true;
    const Item = { ...controlKeys.settingsCurrent(everySource), ...own, configured: settings };
    const seen = { ConditionExpression: 'version = :before', ExpressionAttributeValues: { ':before': own.version } };
    return committed(client.send(new TransactWriteCommand({ TransactItems: [{ Put: { TableName: table, Item, ...seen } }] })));
  }

  return {
    /** The version that is current in place of the one that the publisher saw; null when nothing stands in the way. */
    async conflictOf(publication: Pick<Publication, 'scope' | 'replaces' | 'at'>): Promise<SettingsVersion | null> {
      return (await standing(publication)).conflict;
    },

    /** The portal's own number of what it last published for a scope; null when it never did. */
    async portalVersion(scope: string): Promise<number | null> {
      return (await stored(scope))?.portalVersion ?? null;
    },

    /** Null while the configuration file's settings are those that hold for every source without settings of its own. */
    async drift(): Promise<Drift | null> {
      const own = await stored(everySource);
      if (!own || isDeepStrictEqual(own.settings, configured)) return null;
      const fields = Object.keys(configured) as (keyof Settings)[];
      const differing = fields.filter((field) => !isDeepStrictEqual(own.settings[field], configured[field]));
      return { configured, current: version(own), fields: differing };
    },

    /** What holds for a source now: its own settings if it has some, else those for all. */
    async current(sourceId: string): Promise<SettingsVersion> {
      const [own, all] = await Promise.all([stored(sourceId), stored(everySource)]);
      const found = own ?? all;
      return found ? version(found) : initial;
    },

    /** A scope's own current version, or null: scope `*` always has one. */
    async own(scope: string): Promise<SettingsVersion | null> {
      const found = await stored(scope);
      if (found) return version(found);
      return scope === everySource ? initial : null;
    },

    /** Publishes the next version, unless another one than `replaces` is current by now. */
    publish(publication: Publication): Promise<Published> {
      return untilSettled(() => publishOnce(publication), 'The settings');
    },

    /**
     * Takes the portal's publication over. Its number is compared with the portal's last one, not with ours: a newer one is
     * published as our next version (under the portal's number where that is free), an older one is ignored.
     */
    publishFromPortal(publication: PortalPublication): Promise<PortalPublished> {
      return untilSettled(() => publishFromPortalOnce(publication), 'The settings');
    },

    /**
     * Takes the configuration file's settings over when they differ from those taken over last, unless somebody published
     * others by hand since: those stay, and the difference is shown (`drift`). Idempotent. To be called at the start of a
     * gather. `published`: every user is to be decided anew.
     */
    seed(at: number, settings: Settings = configured): Promise<Seeded> {
      return untilSettled(() => seedOnce(settings, at), 'The settings');
    },

    /** Newest first, at most `limit`. */
    async versions(scope: string, limit = 50): Promise<SettingsVersion[]> {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :version)',
          ExpressionAttributeValues: { ':pk': controlKeys.settingsCurrent(scope).pk, ':version': 'version|' },
          ScanIndexForward: false,
          Limit: limit,
        }),
      );
      const found = Items.map((item) => settingsVersion.parse(item));
      return found.length === 0 && scope === everySource ? [initial] : found;
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
