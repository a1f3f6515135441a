/** The model's tables on a DynamoDB server: created if absent, rejected if an existing table differs. */
import { isDeepStrictEqual } from 'node:util';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import type { Table } from '#infra/emulator/model';

/** Throws one error that names every table whose keys or indexes differ from the template's. */
export async function ensureTables(client: DynamoDBClient, tables: readonly Table[]): Promise<void> {
  const differing: string[] = [];
  for (const table of tables) {
    const found = await describe(client, table.name);
    if (found === null) await client.send(new CreateTableCommand(createInput(table)));
    else {
      differing.push(...differences(table, found).map((what) => `${table.name}: its ${what}`));
      await switchStreamOn(client, table, found);
    }
  }
  if (differing.length > 0)
    throw new Error(
      `The data folder holds tables made from another template: ${differing.join('; ')}. ` +
        'Start with another --data DIR, or remove this one to begin anew.',
    );
}

/** For a data folder from before the table had a stream: enables it. */
async function switchStreamOn(client: DynamoDBClient, table: Table, found: TableDescription): Promise<void> {
  const { StreamSpecification } = createInput(table);
  if (StreamSpecification === undefined || found.StreamSpecification?.StreamEnabled) return;
  await client.send(new UpdateTableCommand({ TableName: table.name, StreamSpecification }));
}

function createInput({ name, definition }: Table): CreateTableCommandInput {
  return { ...(definition as Omit<CreateTableCommandInput, 'TableName'>), TableName: name };
}

async function describe(client: DynamoDBClient, name: string): Promise<TableDescription | null> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: name }))).Table ?? null;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return null;
    throw error;
  }
}

function differences(table: Table, found: TableDescription): string[] {
  const expected = shape(createInput(table));
  const present = shape(found);
  return Object.entries(expected).flatMap(([what, value]) =>
    isDeepStrictEqual(value, Reflect.get(present, what)) ? [] : [what],
  );
}

type Shaped = Pick<TableDescription, 'KeySchema' | 'AttributeDefinitions' | 'GlobalSecondaryIndexes'>;

/** The defining parts of a table, in an order independent of the response. */
function shape({ KeySchema = [], AttributeDefinitions = [], GlobalSecondaryIndexes = [] }: Shaped) {
  const keys = (schema: TableDescription['KeySchema'] = []) =>
    schema.map(({ AttributeName, KeyType }) => `${KeyType} ${AttributeName}`);
  return {
    keys: keys(KeySchema),
    attributes: AttributeDefinitions.map(({ AttributeName, AttributeType }) => `${AttributeName} ${AttributeType}`).sort(),
    indexes: GlobalSecondaryIndexes.map(({ IndexName, KeySchema: own, Projection }) =>
      JSON.stringify([IndexName, keys(own), Projection?.ProjectionType, [...(Projection?.NonKeyAttributes ?? [])].sort()]),
    ).sort(),
  };
}
