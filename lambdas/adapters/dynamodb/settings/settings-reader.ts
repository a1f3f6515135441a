/**
 * Reads published settings: what applies to a source, earlier versions, and how they differ from the configuration file. While
 * nothing is stored, the file's settings are version 1 of scope `*`.
 */
import { isDeepStrictEqual } from 'node:util';
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { CursorError, decodeCursor, encodeCursor } from '#adapters/dynamodb/cursor';
import { controlKeys } from '#adapters/dynamodb/keys';
import { type Settings, type SettingsVersion, settings as settingsSchema, settingsVersion } from '#domain/quarantine/settings';

/** The scope that applies to every source without its own settings. */
export const everySource = '*';
export const configurationPublisher = 'configuration';

export const currentItem = settingsVersion.extend({
  /** The portal's own version number of its last publication here; events with an older one are ignored. */
  portalVersion: z.number().int().optional(),
  /** The settings of the configuration file when it was last adopted. */
  configured: settingsSchema.optional(),
});
export type CurrentItem = z.infer<typeof currentItem>;

/** The configuration file's settings, and those that somebody published instead. */
export type Drift = { configured: Settings; current: SettingsVersion; fields: (keyof Settings)[] };
export type SettingsReader = ReturnType<typeof settingsReader>;

export const versionOf = (item: CurrentItem): SettingsVersion => settingsVersion.parse(item);

type Table = { client: DocumentClient; table: string; initial: SettingsVersion };
export type VersionPage = { versions: SettingsVersion[]; cursor: string | null };
type VersionQuery = { cursor?: string | null | undefined; limit?: number };

/** `configured`: the settings of the configuration file (`RuntimeConfiguration['settings']`). */
export function settingsReader(client: DocumentClient, table: string, configured: Settings) {
  const initial: SettingsVersion = {
    scope: everySource,
    version: 1,
    settings: configured,
    publishedBy: configurationPublisher,
    publishedAt: 0,
  };
  const of: Table = { client, table, initial };
  const stored = (scope: string): Promise<CurrentItem | null> => readStored(of, scope);

  return {
    initial,
    stored,

    /** The portal's own version number of its last publication for a scope; null when it never published. */
    portalVersion: async (scope: string): Promise<number | null> => (await stored(scope))?.portalVersion ?? null,

    /** Null while the configuration file's settings apply to every source without its own settings. */
    drift: async (): Promise<Drift | null> => driftOf(await stored(everySource), configured),

    /** What applies to a source now: its own settings if it has any, else those for all. */
    async current(sourceId: string): Promise<SettingsVersion> {
      const [own, all] = await Promise.all([stored(sourceId), stored(everySource)]);
      const found = own ?? all;
      return found ? versionOf(found) : initial;
    },

    /** A scope's own current version, or null; scope `*` always has one. */
    async own(scope: string): Promise<SettingsVersion | null> {
      const found = await stored(scope);
      if (found) return versionOf(found);
      return scope === everySource ? initial : null;
    },

    /** The versions of a scope, newest first; continue with `cursor` until it is null. */
    versions: (scope: string, query: VersionQuery = {}): Promise<VersionPage> => readVersions(of, scope, query),
  };
}

async function readStored({ client, table }: Table, scope: string): Promise<CurrentItem | null> {
  const Key = controlKeys.settingsCurrent(scope);
  const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
  return Item ? currentItem.parse(Item) : null;
}

function driftOf(own: CurrentItem | null, configured: Settings): Drift | null {
  if (!own || isDeepStrictEqual(own.settings, configured)) return null;
  const fields = Object.keys(configured) as (keyof Settings)[];
  const differing = fields.filter((field) => !isDeepStrictEqual(own.settings[field], configured[field]));
  return { configured, current: versionOf(own), fields: differing };
}

async function readVersions(
  { client, table, initial }: Table,
  scope: string,
  { cursor = null, limit = 50 }: VersionQuery,
): Promise<VersionPage> {
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
  const versions = Items.map((item) => settingsVersion.parse(item));
  const next = LastEvaluatedKey === undefined ? null : encodeCursor({ sk: LastEvaluatedKey.sk });
  const none = versions.length === 0 && cursor === null && scope === everySource;
  return { versions: none ? [initial] : versions, cursor: next };
}

function versionAt(cursor: string): string {
  const parsed = z.object({ sk: z.string().startsWith('version|') }).safeParse(decodeCursor(cursor));
  if (!parsed.success) throw new CursorError(parsed.error);
  return parsed.data.sk;
}
