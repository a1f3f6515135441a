/**
 * Wiring: SQS records with the bus's envelopes; a failed record is redelivered alone, and finally goes to the dead-letter
 * queue.
 */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { documentClient } from '#adapters/dynamodb/client';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { parseEnvironment } from '#domain/runtime/environment';
import { requestsOf } from '#use-cases/portal-use-cases';
import { EventRejected, isStream, portalEvents } from './portal-events.ts';
import { reportRejection } from './report-rejection.ts';

const environment = parseEnvironment('portal-events', process.env);
const logger = new Logger({ serviceName: 'portal-events' });
const clients = { dynamodb: documentClient(), sqs: new SQSClient({}) };
const requests = requestsOf(environment, loadConfiguration(), clients);
const take = portalEvents(requests);
const report = reportRejection(requests);
const processor = new BatchProcessor(EventType.SQS);

async function takeRecord({ body, messageId, attributes, receiptHandle }: SQSRecord, bulk: boolean): Promise<void> {
  try {
    const event = await take(body, Number(attributes.SentTimestamp), { bulk });
    logger.info('event taken', { event, messageId });
  } catch (error) {
    if (error instanceof EventRejected) {
      logger.error('event rejected', { event: error.detailType, faults: error.faults, messageId });
      await report(error, { body, messageId, receivedAt: Number(attributes.SentTimestamp) });
      await makeVisible(receiptHandle);
    } else logger.error('event not taken, it comes again', { messageId, error });
    throw error;
  }
}

/** An event that can never be accepted need not wait between its receives: it reaches the dead-letter queue within seconds. */
async function makeVisible(ReceiptHandle: string): Promise<void> {
  const QueueUrl = environment.PORTAL_EVENTS_QUEUE_URL;
  await clients.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
}

export function handler(event: SQSEvent) {
  const bulk = isStream(event.Records.map(({ body }) => body));
  const one = (record: SQSRecord) => takeRecord(record, bulk);
  return processPartialResponse(event, one, processor, { throwOnFullBatchFailure: false });
}
