/** The mark on a source that guards hold it: part of the source's item; each write is conditional on what was read. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { type GuardTables, type Writes, writeTogether } from '#adapters/dynamodb/guards/guard-tables';
import { controlKeys } from '#adapters/dynamodb/keys';
import { setExpression } from '#adapters/dynamodb/set-expression';
import { untilWritten } from '#adapters/dynamodb/transactions';
import { newSource, sourceState } from '#domain/devices/source';
import { type GuardHolds, guardsHolding, withoutGuard } from '#domain/quarantine/guard-holds';

const fields = ['guard', 'guardsBehind', 'guardsConfirmed'] as const satisfies readonly (keyof GuardHolds)[];

/** Strongly consistent; a source that is not stored is held by no guard. */
export async function readHolds({ client, control }: GuardTables, sourceId: string): Promise<GuardHolds> {
  const Key = controlKeys.source(sourceId);
  const { Item } = await client.send(new GetCommand({ TableName: control, Key, ConsistentRead: true }));
  const { guard, guardsBehind, guardsConfirmed } = sourceState.parse({ ...newSource(sourceId), ...Item });
  return { guard, guardsBehind, guardsConfirmed };
}

/** Replaces the holds that were read; the transaction fails when another guard tripped or was decided meanwhile. */
export function markWrite(
  { control }: GuardTables,
  sourceId: string,
  { before, after }: { before: GuardHolds; after: Required<GuardHolds> },
): Writes[number] {
  const { expression, names, values } = setExpression({ sourceId, ...after });
  const seen = fields.map((field) => ({ field, value: before[field] ?? null }));
  return {
    Update: {
      TableName: control,
      Key: controlKeys.source(sourceId),
      UpdateExpression: expression,
      ConditionExpression: seen.map(({ field, value }) => unchanged(field, value)).join(' AND '),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: {
        ...values,
        ...Object.fromEntries(seen.map(({ field, value }) => [`:seen_${field}`, value])),
      },
    },
  };
}

const unchanged = (field: string, value: unknown): string =>
  value === null ? `(attribute_not_exists(#${field}) OR #${field} = :seen_${field})` : `#${field} = :seen_${field}`;

/** Ends the hold of one guard, and only that; idempotent. Returns the guards that still hold the source. */
export function releaseSource(
  tables: GuardTables,
  sourceId: string,
  { guardId, decision }: { guardId: string; decision: 'confirm' | 'reject' },
): Promise<string[]> {
  return untilWritten(async () => {
    const before = await readHolds(tables, sourceId);
    const holding = guardsHolding(before);
    if (!holding.includes(guardId)) return holding;
    const after = withoutGuard(before, guardId, { decision });
    const written = await writeTogether(tables, [markWrite(tables, sourceId, { before, after })]);
    return written ? guardsHolding(after) : null;
  }, `The guards of source ${sourceId}`);
}
