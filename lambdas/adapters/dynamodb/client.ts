/** The DynamoDB document client, and a meter of the capacity that DynamoDB reports as consumed. */
import { type ConsumedCapacity, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export type DocumentClient = DynamoDBDocumentClient;

/** The SDK finds region, credentials and (locally) `AWS_ENDPOINT_URL_DYNAMODB` by itself. */
export function documentClient(options: ConstructorParameters<typeof DynamoDBClient>[0] = {}): DocumentClient {
  return DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 6, ...options }), {
    marshallOptions: { removeUndefinedValues: true },
  });
}

export type Units = { read: number; write: number };
export type CapacityMeter = { readonly units: Units; reset(): void };

const reads = new Set(['GetItemCommand', 'BatchGetItemCommand', 'QueryCommand', 'ScanCommand', 'TransactGetItemsCommand']);

/**
 * Counts every call made through `client` from now on. Asks DynamoDB for TOTAL capacity on each call and adds up what it
 * reports; a call without a report counts nothing.
 */
export function meterCapacity(client: DocumentClient): CapacityMeter {
  const units: Units = { read: 0, write: 0 };
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const input = args.input as { ReturnConsumedCapacity?: string };
      input.ReturnConsumedCapacity ??= 'TOTAL';
      const result = await next(args);
      const output = result.output as { ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] };
      const consumed = [output.ConsumedCapacity ?? []].flat().reduce((sum, one) => sum + (one.CapacityUnits ?? 0), 0);
      units[reads.has(context.commandName ?? '') ? 'read' : 'write'] += consumed;
      return result;
    },
    { step: 'initialize', name: 'capacityMeter' },
  );
  return {
    units,
    reset() {
      units.read = 0;
      units.write = 0;
    },
  };
}
