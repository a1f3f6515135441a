/**
 * Published settings as they are read, by everyone: what holds for a source, what was published before, and how that differs from
 * the configuration file. While nothing is stored, the file's settings stand as version 1 of scope `*`.
 */
import { isDeepStrictEqual } from 'node:util';
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { CursorError, decodeCursor, encodeCursor } from '#adapters/dynamodb/cursor';
import { controlKeys } from '#adapters/dynamodb/keys';
import { type Settings, type SettingsVersion, settings as settingsSchema, settingsVersion } from '#domain/quarantine/settings';

/** The scope that holds for every source without settings of its own. */
export const everySource = '*';
export const configurationPublisher = 'configuration';

export const currentItem = settingsVersion.extend({
  /** The portal's own number of what it last published here: its older events are ignored by it. */
  portalVersion: z.number().int().optional(),
  /** What the configuration file said when it was last taken over. */
  configured: settingsSchema.optional(),
});
export type CurrentItem = z.infer<typeof currentItem>;

/** What the configuration file says and what somebody published in place of it. */
export type Drift = { configured: Settings; current: SettingsVersion; fields: (keyof Settings)[] };
export type SettingsReader = ReturnType<typeof settingsReader>;

export const versionOf = (item: CurrentItem): SettingsVersion => settingsVersion.parse(item);

/** `configured`: the settings of the configuration file (`RuntimeConfiguration['settings']`). */
export function settingsReader(client: DocumentClient, table: string, configured: Settings) {
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

  return {
    initial,
    stored,

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
      return { configured, current: versionOf(own), fields: differing };
    },

    /** What holds for a source now: its own settings if it has some, else those for all. */
    async current(sourceId: string): Promise<SettingsVersion> {
      const [own, all] = await Promise.all([stored(sourceId), stored(everySource)]);
      const found = own ?? all;
      return found ? versionOf(found) : initial;
    },

    /** A scope's own current version, or null: scope `*` always has one. */
    async own(scope: string): Promise<SettingsVersion | null> {
      const found = await stored(scope);
      if (found) return versionOf(found);
      return scope === everySource ? initial : null;
    },

    /** The versions of a scope, newest first; go on with `cursor` until it is null. */
    async versions(
      scope: string,
      { cursor = null, limit = 50 }: { cursor?: string | null | undefined; limit?: number } = {},
    ): Promise<{ versions: SettingsVersion[]; cursor: string | null }> {
      const { pk } = controlKeys.settingsCurrent(scope);
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :version)',
          ExpressionAttributeValues: { ':pk': pk, ':version': 'version|' },
          ScanIndexForward: false,
          Limit: limit,
          ...(cursor === null ? {} : { ExclusiveStartKey: { pk, sk: versionAt(cursor) } }),
        }),
      );
      const found = Items.map((item) => settingsVersion.parse(item));
      const next = LastEvaluatedKey === undefined ? null : encodeCursor({ sk: LastEvaluatedKey.sk });
      const none = found.length === 0 && cursor === null && scope === everySource;
      return { versions: none ? [initial] : found, cursor: next };
    },
  };
}

function versionAt(cursor: string): string {
  const parsed = z.object({ sk: z.string().startsWith('version|') }).safeParse(decodeCursor(cursor));
  if (!parsed.success) throw new CursorError(parsed.error);
  return parsed.data.sk;
}
