/** Processes the bulks queue: parts of requests for many actions. Wiring only. */
import { Logger } from '@aws-lambda-powertools/logger';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { bulkStore } from '#adapters/dynamodb/actions/bulks';
import { documentClient } from '#adapters/dynamodb/client';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { bulkMessage } from '#domain/messages/bulk';
import { parseEnvironment } from '#domain/runtime/environment';
import { requestsOf } from '#use-cases/portal-use-cases';
import { workPart } from './work-part.ts';

const logger = new Logger({ serviceName: 'bulk' });
const environment = parseEnvironment('bulk', process.env);
const dynamodb = documentClient();
const requests = requestsOf(environment, loadConfiguration(), { dynamodb, sqs: new SQSClient({}) });
const work = workPart({
  ...requests,
  ledger: requests.stores.ledger,
  bulks: bulkStore(dynamodb, { control: environment.CONTROL_TABLE, actions: environment.ACTIONS_TABLE }),
});

/** One message at a time (the mapping's batch size): later messages of its group wait. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  for (const [index, { messageId, body }] of event.Records.entries())
    try {
      await work(bulkMessage.parse(JSON.parse(body)));
    } catch (error) {
      logger.error('Part of a bulk could not be worked on and comes again', { messageId, error });
      return { batchItemFailures: event.Records.slice(index).map((one) => ({ itemIdentifier: one.messageId })) };
    }
  return { batchItemFailures: [] };
}
