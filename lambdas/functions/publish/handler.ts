/** Processes the stream of the Journal table. Wiring only. */
import { Logger } from '@aws-lambda-powertools/logger';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { documentClient } from '#adapters/dynamodb/client';
import { chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { eventBus } from '#adapters/event-bus';
import { sqsQueue } from '#adapters/queues';
import { parseEnvironment } from '#domain/runtime/environment';
import { publish } from './publish-journal.ts';

const environment = parseEnvironment('publish', process.env);
const logger = new Logger({ serviceName: 'publish' });
const unpublished = sqsQueue(environment.UNPUBLISHED_QUEUE_URL);
const publishAll = publish({
  chain: chainStore(documentClient(), environment.JOURNAL_TABLE),
  bus: eventBus(new EventBridgeClient({ maxAttempts: 4 }), environment.BUS_NAME),
  setAside: (unreadable) => unpublished.send(unreadable.map((body) => ({ body }))),
  log: (level, message, fields) => logger[level](message, fields),
});

export async function handler({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  const { failed } = await publishAll(Records);
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
