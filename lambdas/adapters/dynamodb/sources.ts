/** What we remember of each source between gathers: one item of the Control table per source. */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { newSource, type SourceState, sourceState } from '#domain/source';
import type { DocumentClient } from './client.ts';
import { controlKeys } from './keys.ts';
import { setExpression } from './set-expression.ts';

export type SourceChange = Partial<Omit<SourceState, 'sourceId'>>;
export type SourceStore = {
  /** Strongly consistent; a source never heard of reads as new. */
  read(sourceId: string): Promise<SourceState>;
  /** Sets the given fields and leaves the others. With `fence`: throws `FencedOff` once a later lease holder has written. */
  update(sourceId: string, change: SourceChange, options?: { fence?: number }): Promise<void>;
  list(sourceIds: readonly string[]): Promise<SourceState[]>;
};

/** A later holder of the source's lease has written already: this writer has lost its lease and must stop. */
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
      try {
        await client.send(
          new UpdateCommand({
            TableName: table,
            Key: controlKeys.source(sourceId),
            UpdateExpression: expression,
            ExpressionAttributeNames: names,
            ExpressionAttributeValues: values,
            ...(fence === undefined ? {} : { ConditionExpression: 'attribute_not_exists(#fence) OR #fence <= :fence' }),
          }),
        );
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException')
          throw new FencedOff(`Source ${sourceId}: another gather has taken over; this one stops`);
        throw error;
      }
    },
    list: (sourceIds) => Promise.all(sourceIds.map(read)),
  };
}
