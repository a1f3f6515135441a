/**
 * One write of settings: version, `current` and journal lines in one transaction, conditional on the `current` that was read.
 * Shared by all ways of publishing settings.
 */
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { sourceLineItem } from '#adapters/dynamodb/journal/timeline';
import { controlKeys } from '#adapters/dynamodb/keys';
import { type CurrentItem, everySource, type SettingsReader, versionOf } from '#adapters/dynamodb/settings/settings-reader';
import { committed, untilWritten } from '#adapters/dynamodb/transactions';
import type { Settings, SettingsVersion } from '#domain/quarantine/settings';
import { settingsLine } from '#domain/quarantine/source-lines';

export type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;
/** `configured`: the settings of the configuration file. `sourceIds`: of the configured sources. */
export type SettingsTables = {
  client: DocumentClient;
  control: string;
  journal: string;
  configured: Settings;
  sourceIds: readonly string[];
  reader: Pick<SettingsReader, 'initial' | 'stored'>;
};

/** False when another writer changed `current` since `before` was read. */
export async function writeVersion(
  tables: SettingsTables,
  before: CurrentItem | null,
  { next, also = [] }: { next: CurrentItem; also?: Writes },
): Promise<boolean> {
  const version = versionOf(next);
  const current = { ...controlKeys.settingsCurrent(next.scope), ...next };
  const history = { ...controlKeys.settingsVersion(next.scope, next.version), ...version };
  const lines = await lineWrites(tables, version);
  return writeAll(tables, [
    { Put: { TableName: tables.control, Item: current, ...asRead(before) } },
    { Put: { TableName: tables.control, Item: history, ConditionExpression: 'attribute_not_exists(pk)' } },
    ...also,
    ...lines,
  ]);
}

/** Replaces `current` without a new version; false when another writer changed it since it was read. */
export function replaceCurrent({ client, control }: SettingsTables, before: CurrentItem, next: CurrentItem): Promise<boolean> {
  const Item = { ...controlKeys.settingsCurrent(next.scope), ...next };
  return writeAll({ client }, [{ Put: { TableName: control, Item, ...asRead(before) } }]);
}

/** A condition for a write: the settings of another scope are unchanged since they were read. */
export const unchangedSince = ({ control }: SettingsTables, { scope, version }: CurrentItem): Writes[number] => ({
  ConditionCheck: {
    TableName: control,
    Key: controlKeys.settingsCurrent(scope),
    ConditionExpression: 'version = :seen',
    ExpressionAttributeValues: { ':seen': version },
  },
});

/** Scope `*` as stored; stored from the configuration first (at `at`, epoch ms) if it was not. */
export async function settingsForAll(tables: SettingsTables, at: number): Promise<CurrentItem> {
  const { stored, initial } = tables.reader;
  const before = await stored(everySource);
  if (before) return before;
  const first = { ...initial, configured: tables.configured, publishedAt: at };
  return untilWritten(
    async () => ((await writeVersion(tables, null, { next: first })) ? first : stored(everySource)),
    'The settings',
  );
}

/** A scope's own settings as stored; null for a source that has none. */
export const ownSettings = (tables: SettingsTables, scope: string, at: number): Promise<CurrentItem | null> =>
  scope === everySource ? settingsForAll(tables, at) : tables.reader.stored(scope);

const asRead = (before: CurrentItem | null) =>
  before
    ? { ConditionExpression: 'version = :before', ExpressionAttributeValues: { ':before': before.version } }
    : { ConditionExpression: 'attribute_not_exists(pk)' };

const writeAll = ({ client }: Pick<SettingsTables, 'client'>, TransactItems: Writes): Promise<boolean> =>
  committed(client.send(new TransactWriteCommand({ TransactItems })));

async function lineWrites(tables: SettingsTables, published: SettingsVersion): Promise<Writes> {
  const line = settingsLine(published);
  const governed = await governedBy(tables, published.scope);
  return governed.map((id) => ({ Put: { TableName: tables.journal, Item: sourceLineItem(id, line) } }));
}

/** Settings for all do not apply to a source with its own settings. */
async function governedBy({ sourceIds, reader }: SettingsTables, scope: string): Promise<string[]> {
  if (scope !== everySource) return sourceIds.filter((id) => id === scope);
  const own = await Promise.all(sourceIds.map(reader.stored));
  return sourceIds.filter((_, index) => own[index] === null);
}
