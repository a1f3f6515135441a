/** What we remember of each source between gathers: one item of the Control table per source. */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { newSource, type SourceState, sourceState } from '#domain/devices/source';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { controlKeys } from '../keys.ts';
import { setExpression } from '../set-expression.ts';

export type SourceChange = Partial<Omit<SourceState, 'sourceId'>>;
export type SourceStore = {
  /** Strongly consistent; a source that is not stored reads as new. */
  read(sourceId: string): Promise<SourceState>;
  /** Sets only the given fields. With `fence`: throws `FencedOff` once a later lease holder has written. */
  update(sourceId: string, change: SourceChange, options?: { fence?: number }): Promise<void>;
  /**
   * Like `update`, for callers without a lease: only while the problems and gathers of the source are unchanged since they were
   * read. False, and nothing written, when a gather or another worker has written something newer about the source.
   */
  updateFrom(seen: SourceState, change: SourceChange): Promise<boolean>;
  list(sourceIds: readonly string[]): Promise<SourceState[]>;
};

/** What shows whether the source is healthy: a writer that changes one of these has newer information. */
const compared = ['problem', 'retryAt', 'pause', 'lastCompleteGatherAt'] as const satisfies readonly (keyof SourceState)[];

/** A later holder of the source's lease has already written: this writer has lost its lease and must stop. */
export class FencedOff extends Error {
  override name = 'FencedOff';
}

export function sourceStore(client: DocumentClient, table: string): SourceStore {
  async function read(sourceId: string): Promise<SourceState> {
    const { Item } = await client.send(
      new GetCommand({ TableName: table, Key: controlKeys.source(sourceId), ConsistentRead: true }),
    );
    return sourceState.parse({ ...newSource(sourceId), ...Item });
  }
  return {
    read,
    async update(sourceId, change, { fence } = {}) {
      const fenced = fence === undefined ? {} : { fence };
      const { expression, names, values } = setExpression({ sourceId, ...change, ...fenced });
      const update = new UpdateCommand({
        TableName: table,
        Key: controlKeys.source(sourceId),
        UpdateExpression: expression,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
        ...(fence === undefined ? {} : { ConditionExpression: 'attribute_not_exists(#fence) OR #fence <= :fence' }),
      });
      if ((await nullIfRefused(client.send(update))) === null)
        throw new FencedOff(`Source ${sourceId}: another gather has taken over; this one stops`);
    },
    async updateFrom(seen, change) {
      const { expression, names, values } = setExpression({ sourceId: seen.sourceId, ...change });
      const conditions = compared.map((field) => ({ field, value: seen[field] ?? null }));
      const update = new UpdateCommand({
        TableName: table,
        Key: controlKeys.source(seen.sourceId),
        UpdateExpression: expression,
        ConditionExpression: conditions
          .map(({ field, value }) =>
            value === null ? `(attribute_not_exists(#${field}) OR #${field} = :seen_${field})` : `#${field} = :seen_${field}`,
          )
          .join(' AND '),
        ExpressionAttributeNames: { ...names, ...Object.fromEntries(compared.map((field) => [`#${field}`, field])) },
        ExpressionAttributeValues: {
          ...values,
          ...Object.fromEntries(conditions.map(({ field, value }) => [`:seen_${field}`, value])),
        },
      });
      return (await nullIfRefused(client.send(update))) !== null;
    },
    list: (sourceIds) => Promise.all(sourceIds.map(read)),
  };
}
