/** Sends messages to our SQS queues in batches of ten; entries that SQS refuses for its own reasons are sent again. */
import { randomUUID } from 'node:crypto';
import { SendMessageBatchCommand, type SendMessageBatchRequestEntry, SQSClient } from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import { messageText } from '#domain/messages/sqs-safe-json';

/** `bulk`: one of many; where there are two lanes it takes the slower one. */
export type Outgoing = { body: unknown; delaySeconds?: number; group?: string; deduplication?: string; bulk?: boolean };
export type Queue = { send(messages: readonly Outgoing[]): Promise<void> };

const batchSize = 10;
const tries = 5;

/** Throws when entries are still refused after five tries: the caller's own message then comes again, nothing is lost. */
export function sqsQueue(url: string, client = new SQSClient({})): Queue {
  async function sendBatch(entries: SendMessageBatchRequestEntry[], left = tries): Promise<void> {
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }));
    if (Failed.length === 0) return;
    const blamed = Failed.find((failure) => failure.SenderFault);
    if (blamed || left <= 1)
      throw new Error(
        `SQS refused ${Failed.length} of ${entries.length} messages: ${(blamed ?? Failed[0])?.Message ?? 'no reason given'}`,
      );
    const failed = new Set(Failed.map((failure) => failure.Id));
    return sendBatch(
      entries.filter((entry) => failed.has(entry.Id)),
      left - 1,
    );
  }
  return {
    async send(messages) {
      const entries = messages.map(toEntry);
      const batches = Array.from({ length: Math.ceil(entries.length / batchSize) }, (_, index) =>
        entries.slice(index * batchSize, (index + 1) * batchSize),
      );
      await pMap(batches, (batch) => sendBatch(batch), { concurrency: 4 });
    },
  };
}

/** One queue in two lanes: what comes singly does not wait behind what comes in masses (docs/decisions/0032-lanes.md). */
export function inLanes(single: Queue, bulk: Queue): Queue {
  return {
    async send(messages) {
      const many = messages.filter((one) => one.bulk);
      const few = messages.filter((one) => !one.bulk);
      await Promise.all([...(few.length > 0 ? [single.send(few)] : []), ...(many.length > 0 ? [bulk.send(many)] : [])]);
    },
  };
}

function toEntry({ body, delaySeconds, group, deduplication }: Outgoing): SendMessageBatchRequestEntry {
  return {
    Id: randomUUID(),
    MessageBody: messageText(body),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
    ...(group === undefined ? {} : { MessageGroupId: group }),
    ...(deduplication === undefined ? {} : { MessageDeduplicationId: deduplication }),
  };
}
